//! Migrations that are under way together.

use std::collections::BTreeMap;

use super::pre_copy::{BILLION, NANOS, PreCopy, dirtied, whole};
use super::share::Links;
use super::slots::{Limits, Slots};

/// How migrations go in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The model of one.
    pub model: PreCopy,
    /// How many at once.
    pub limits: Limits,
    /// The most bytes per second that one takes of the links.
    pub most: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { model: PreCopy::default(), limits: Limits::default(), most: u64::MAX }
    }
}

/// A migration that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The VM; only one migration of it at a time.
    pub vm: usize,
    /// The host that it is on.
    pub from: usize,
    /// The host that it goes to, another one.
    pub to: usize,
    /// Its memory, in bytes.
    pub memory: u64,
    /// How fast it writes to it, in bytes per second.
    pub dirty: u64,
}

/// A migration that is over. Times in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The VM.
    pub vm: usize,
    /// The host that it was on.
    pub from: usize,
    /// The host that it is on.
    pub to: usize,
    /// When it was asked for.
    pub asked: u64,
    /// When it started, after waiting for its hosts, rounded down.
    pub started: u64,
    /// When the VM ran on the other host, rounded up.
    pub ended: u64,
    /// Bytes that were sent, rounded up.
    pub bytes: u64,
    /// How long the VM was stopped, rounded up.
    pub downtime: u64,
    /// The last round of pre-copy, 0 being the first.
    pub rounds: u32,
}

/// Why migrations cannot be modelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("host {host}: its link carries nothing; expected at least 1 byte per second")]
pub struct LinkError {
    /// The host.
    pub host: usize,
}

/// The migrations of a cluster: those under way, which share the links of hosts, and those that wait.
///
/// Whenever one starts or ends, the rates of all are found again. Between two such events each takes `O(n)` for `n`
/// migrations under way, and a start or end `O(n log n)`.
///
/// # Examples
/// ```
/// use vmpack_sim::migration::{Limits, Migrations, PreCopy, Settings, Transfer};
///
/// let model = PreCopy { threshold: 0, rounds: 9, resume: 0 };
/// let settings = Settings { model, limits: Limits::NONE, most: u64::MAX };
/// let mut migrations = Migrations::new(&[1000; 3], settings)?;
/// let idle = Transfer { vm: 0, from: 0, to: 1, memory: 3000, dirty: 0 };
/// migrations.start(0, idle);
/// migrations.start(1000, Transfer { vm: 1, to: 2, ..idle });
/// // One second alone, then both at half the link of host 0.
/// assert_eq!(migrations.next(), Some(5000));
/// let first = migrations.finished(5000)[0];
/// assert_eq!((first.vm, first.ended, first.bytes), (0, 5000, 3000));
/// // The other has the link to itself again.
/// assert_eq!(migrations.next(), Some(6000));
/// # Ok::<(), vmpack_sim::migration::LinkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Migrations {
    settings: Settings,
    links: Links,
    slots: Slots,
    next_ticket: u64,
    /// Those that wait, with when they were asked for, in ms.
    waiting: BTreeMap<u64, (u64, Transfer)>,
    /// Those under way, in the order in which they started.
    under_way: Vec<UnderWay>,
    done: Vec<Completed>,
    /// The VMs whose migration has started since that was asked.
    begun: Vec<usize>,
    /// In nanoseconds.
    now: u128,
    /// When something changes next.
    next: Option<u128>,
}

/// What a migration is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A round while the VM runs.
    Copy,
    /// The last round.
    Stopped,
    /// Nothing is left to copy; the VM is started.
    Resume,
}

/// A migration under way. Times in nanoseconds, volumes in billionths of a byte.
#[derive(Clone, Debug)]
struct UnderWay {
    transfer: Transfer,
    asked: u64,
    started: u128,
    phase: Phase,
    round: u32,
    /// When the round began.
    round_began: u128,
    /// What is left of the round, as of now.
    left: u128,
    /// Sent, this round included.
    bytes: u128,
    /// When the VM was stopped, once it was.
    stopped: u128,
    /// Bytes per second; 0 if nothing is copied.
    rate: u64,
    /// When the phase ends if nothing else does before.
    ends: u128,
}

impl Migrations {
    /// No migrations, on hosts whose links carry so many bytes per second each way.
    ///
    /// # Errors
    /// If a link carries nothing.
    pub fn new(links: &[u64], settings: Settings) -> Result<Self, LinkError> {
        if let Some(host) = links.iter().position(|&link| link == 0) {
            return Err(LinkError { host });
        }
        Ok(Self {
            settings,
            links: Links::new(links),
            slots: Slots::new(links.len(), settings.limits),
            next_ticket: 0,
            waiting: BTreeMap::new(),
            under_way: Vec::new(),
            done: Vec::new(),
            begun: Vec::new(),
            now: 0,
            next: None,
        })
    }

    /// Asks for a migration at a time in ms, which is not before any that it was told of. It starts as soon as the
    /// limits allow.
    pub fn start(&mut self, now: u64, transfer: Transfer) {
        self.advance(u128::from(now) * NANOS);
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, (now, transfer));
        self.slots.queue(ticket, transfer.from, transfer.to);
        self.settle();
    }

    /// Gives up the migration of a VM, which stays where it is; the bytes that were sent for nothing, rounded up.
    /// `None` if there is none, or it ended by then.
    pub fn cancel(&mut self, now: u64, vm: usize) -> Option<u64> {
        self.advance(u128::from(now) * NANOS);
        let waits = self.waiting.iter().find(|(_, (_, transfer))| transfer.vm == vm);
        let sent = if let Some((&ticket, _)) = waits {
            self.waiting.remove(&ticket);
            self.slots.forget(ticket);
            0
        } else {
            let found = self.under_way.iter().position(|one| one.transfer.vm == vm)?;
            let one = self.under_way.remove(found);
            self.slots.end(one.transfer.from, one.transfer.to);
            whole(one.bytes - one.left, BILLION)
        };
        self.settle();
        Some(sent)
    }

    /// When to ask next for those that are [`finished`](Self::finished), in ms; there may be none by then.
    pub fn next(&self) -> Option<u64> {
        let next = if self.done.is_empty() { self.next } else { Some(self.now) };
        next.map(|next| whole(next, NANOS))
    }

    /// The migrations that have ended by a time in ms and were not told of before, in order of their end.
    pub fn finished(&mut self, now: u64) -> Vec<Completed> {
        self.advance(u128::from(now) * NANOS);
        std::mem::take(&mut self.done)
    }

    /// The VMs whose migration has started since this was asked last, in order.
    pub fn begun(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.begun)
    }

    /// Whether a VM is being migrated and does not wait.
    pub fn is_under_way(&self, vm: usize) -> bool {
        self.under_way.iter().any(|one| one.transfer.vm == vm)
    }

    /// How many are under way, and how many wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.under_way.len(), self.waiting.len())
    }

    /// Lets time pass.
    fn advance(&mut self, until: u128) {
        while let Some(next) = self.next.filter(|&next| next <= until) {
            self.pass(next);
            let (mut changed, told) = (false, self.done.len());
            for at in (0..self.under_way.len()).rev() {
                if self.under_way[at].ends == next {
                    changed |= self.step(at);
                }
            }
            self.done[told..].reverse();
            if changed {
                self.settle();
            } else {
                self.look_ahead();
            }
        }
        self.pass(until);
    }

    /// Copies at the present rates until a time at which no round has ended.
    fn pass(&mut self, until: u128) {
        let passed = until - self.now;
        for one in &mut self.under_way {
            one.left = one.left.saturating_sub(u128::from(one.rate) * passed);
        }
        self.now = until;
    }

    /// Ends the phase of a migration; whether the rates of others change by it.
    fn step(&mut self, at: usize) -> bool {
        let (now, model) = (self.now, self.settings.model);
        let one = &mut self.under_way[at];
        match one.phase {
            Phase::Copy => {
                let Transfer { memory, dirty, .. } = one.transfer;
                let volume = dirtied(memory, dirty, now - one.round_began);
                one.begin(now, one.round + 1, volume, model);
                false
            }
            Phase::Stopped => {
                one.phase = Phase::Resume;
                one.rate = 0;
                one.ends = now + u128::from(model.resume) * NANOS;
                true
            }
            Phase::Resume => {
                let one = self.under_way.remove(at);
                self.slots.end(one.transfer.from, one.transfer.to);
                self.done.push(one.completed(now));
                true
            }
        }
    }

    /// Starts what may start, finds all rates again, and when something changes next.
    fn settle(&mut self) {
        let now = self.now;
        while let Some(ticket) = self.slots.start() {
            let (asked, transfer) = self.waiting.remove(&ticket).expect("it waited");
            self.begun.push(transfer.vm);
            self.under_way.push(UnderWay::new(now, asked, transfer, self.settings.model));
        }
        let copying = |one: &&mut UnderWay| one.phase != Phase::Resume;
        let flows: Vec<_> = self
            .under_way
            .iter_mut()
            .filter(copying)
            .map(|one| (one.transfer.from, one.transfer.to))
            .collect();
        let rates = self.links.rates(&flows, self.settings.most);
        for (one, rate) in self.under_way.iter_mut().filter(copying).zip(rates) {
            one.run(now, rate);
        }
        self.look_ahead();
    }

    fn look_ahead(&mut self) {
        self.next = self.under_way.iter().map(|one| one.ends).min();
    }
}

impl UnderWay {
    fn new(now: u128, asked: u64, transfer: Transfer, model: PreCopy) -> Self {
        let mut one = Self {
            transfer,
            asked,
            started: now,
            phase: Phase::Copy,
            round: 0,
            round_began: now,
            left: 0,
            bytes: 0,
            stopped: now,
            rate: 0,
            ends: now,
        };
        one.begin(now, 0, u128::from(transfer.memory) * BILLION, model);
        one
    }

    /// Begins a round of so much, at the rate of the last one.
    fn begin(&mut self, now: u128, round: u32, volume: u128, model: PreCopy) {
        self.round = round;
        self.round_began = now;
        self.left = volume;
        self.bytes += volume;
        if model.stops(volume, round) {
            self.phase = Phase::Stopped;
            self.stopped = now;
        }
        self.run(now, self.rate.max(1));
    }

    /// Copies on at a rate.
    fn run(&mut self, now: u128, rate: u64) {
        self.rate = rate;
        self.ends = now + self.left.div_ceil(u128::from(rate));
    }

    fn completed(&self, now: u128) -> Completed {
        let Transfer { vm, from, to, .. } = self.transfer;
        Completed {
            vm,
            from,
            to,
            asked: self.asked,
            started: (self.started / NANOS) as u64,
            ended: whole(now, NANOS),
            bytes: whole(self.bytes, BILLION),
            downtime: whole(now - self.stopped, NANOS),
            rounds: self.round,
        }
    }
}
