//! Opened hosts as groups of identical neighbours, so that counts are never expanded.

use vmpack_cluster::covers;
use vmpack_model::packing::{Instance, Pattern, Placement};

/// Marks the end of a list of contents.
const NOTHING: usize = usize::MAX;

/// Hosts in the order of opening. Neighbours with equal contents form a *group*, and whatever happens to
/// a group of any size costs the same: placing the VMs of one type touches each group once and splits at
/// most one of them.
///
/// Contents are lists that share their tails, so that splitting a group copies nothing. Memory is linear
/// in VM types and groups.
#[derive(Debug)]
pub(crate) struct OpenHosts<'a> {
    instance: &'a Instance,
    groups: Vec<Group>,
    /// Free capacity of one host of each group, groups x resources.
    free: Vec<u64>,
    contents: Vec<Content>,
    /// Groups that no remaining VM fits, and the number of groups at which to look for more of them.
    retired: Vec<Group>,
    retire_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    host: usize,
    hosts: u64,
    /// Index of the topmost content, or `NOTHING`.
    content: usize,
}

/// `count` VMs with the demands of `row`, on top of what is below.
#[derive(Clone, Copy, Debug)]
struct Content {
    row: usize,
    count: u64,
    below: usize,
}

impl<'a> OpenHosts<'a> {
    /// No host is open.
    pub(crate) fn new(instance: &'a Instance) -> Self {
        Self {
            instance,
            groups: Vec::new(),
            free: Vec::new(),
            contents: Vec::new(),
            retired: Vec::new(),
            retire_at: 64,
        }
    }

    /// The number of groups that may still take VMs.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The number of hosts in a group.
    pub(crate) fn hosts(&self, group: usize) -> u64 {
        self.groups[group].hosts
    }

    /// What one host of the group has free.
    pub(crate) fn free(&self, group: usize) -> &[u64] {
        let d = self.instance.dimensions();
        &self.free[group * d..(group + 1) * d]
    }

    /// Whether one host of the group can take a VM.
    pub(crate) fn fits(&self, group: usize, rows: &[usize]) -> bool {
        let free = self.free(group);
        rows.iter().any(|&row| covers(free, self.instance.demand(row)))
    }

    /// How many VMs one host of the group can take, see [`fill`].
    pub(crate) fn room(&self, group: usize, rows: &[usize]) -> u64 {
        room(self.instance, self.free(group), rows)
    }

    /// Opens hosts of a type and puts `vms` VMs on each. They must fit.
    pub(crate) fn open(&mut self, host: usize, hosts: u64, rows: &[usize], vms: u64) {
        self.groups.push(Group { host, hosts, content: NOTHING });
        self.free.extend_from_slice(self.instance.capacity(host));
        self.load(self.groups.len() - 1, rows, vms);
    }

    /// Opens hosts of a type that hold the given VMs already; whether they fit.
    pub(crate) fn open_filled(&mut self, host: usize, hosts: u64, vms: &[(usize, u64)]) -> bool {
        let start = self.free.len();
        self.free.extend_from_slice(self.instance.capacity(host));
        let mut below = NOTHING;
        for &(row, count) in vms {
            for (free, demand) in self.free[start..].iter_mut().zip(self.instance.demand(row)) {
                let Some(left) = demand.checked_mul(count).and_then(|load| free.checked_sub(load))
                else {
                    return false;
                };
                *free = left;
            }
            self.contents.push(Content { row, count, below });
            below = self.contents.len() - 1;
        }
        self.groups.push(Group { host, hosts, content: below });
        true
    }

    /// Gives the first `full` hosts of a group `most` VMs each, the next one `some`, and every other host
    /// `few`; the group splits where numbers differ. The VMs must fit, the hosts must exist.
    pub(crate) fn deal(&mut self, group: usize, rows: &[usize], deal: Deal) {
        let hosts = self.groups[group].hosts;
        let one = u64::from(deal.full < hosts && deal.some != deal.few);
        // From the back, so that the parts before keep their place.
        let rest = hosts - deal.full - one;
        self.part(group, rest, rows, deal.few);
        self.part(group, one, rows, deal.some);
        self.part(group, deal.full, rows, deal.most);
    }

    /// Splits the last `hosts` hosts off a group, unless they are all of it, and loads them.
    fn part(&mut self, group: usize, hosts: u64, rows: &[usize], vms: u64) {
        if hosts == 0 {
            return;
        }
        let mut part = group;
        if hosts < self.groups[group].hosts {
            part += 1;
            let d = self.instance.dimensions();
            self.groups[group].hosts -= hosts;
            let copy = Group { hosts, ..self.groups[group] };
            self.groups.insert(part, copy);
            self.free.splice(part * d..part * d, self.free[group * d..part * d].to_vec());
        }
        self.load(part, rows, vms);
    }

    /// Puts `vms` VMs on every host of a group.
    fn load(&mut self, group: usize, rows: &[usize], vms: u64) {
        let d = self.instance.dimensions();
        let free = &mut self.free[group * d..(group + 1) * d];
        let (contents, top) = (&mut self.contents, &mut self.groups[group].content);
        fill(self.instance, free, rows, vms, |row, count| {
            contents.push(Content { row, count, below: *top });
            *top = contents.len() - 1;
        });
    }

    /// Sets aside the groups that lack some resource for every VM still to come, once there are enough
    /// groups to make it worth while. The order of the others stays.
    pub(crate) fn retire(&mut self, least: &[u64]) {
        if self.groups.len() < self.retire_at {
            return;
        }
        let d = self.instance.dimensions();
        let mut kept = 0;
        for group in 0..self.groups.len() {
            if covers(self.free(group), least) {
                self.groups[kept] = self.groups[group];
                self.free.copy_within(group * d..(group + 1) * d, kept * d);
                kept += 1;
            } else {
                self.retired.push(self.groups[group]);
            }
        }
        self.groups.truncate(kept);
        self.free.truncate(kept * d);
        self.retire_at = 2 * kept + 64;
    }

    /// Sets aside all groups but the last.
    pub(crate) fn retire_all_but_last(&mut self) {
        let d = self.instance.dimensions();
        if let Some(before) = self.groups.len().checked_sub(1) {
            self.retired.extend(self.groups.drain(..before));
            self.free.drain(..before * d);
        }
    }

    /// The placement.
    pub(crate) fn into_placement(self) -> Placement {
        let patterns = self.retired.iter().chain(&self.groups).map(|group| {
            let mut vms = Vec::new();
            let mut top = group.content;
            while let Some(content) = self.contents.get(top) {
                vms.push((content.row, content.count));
                top = content.below;
            }
            (Pattern { host: group.host, vms }, group.hosts)
        });
        Placement::from_patterns(patterns)
    }
}

/// How the VMs of one type are dealt to the hosts of a group: see [`OpenHosts::deal`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deal {
    /// How many hosts get `most`.
    pub(crate) full: u64,
    /// VMs for each of the first `full` hosts.
    pub(crate) most: u64,
    /// VMs for the next host, if there is one.
    pub(crate) some: u64,
    /// VMs for each host after that.
    pub(crate) few: u64,
}

impl Deal {
    /// Fills host after host of a group of `hosts` with `room` each until `vms` are placed. Returns the
    /// number of VMs dealt as well.
    pub(crate) fn one_by_one(hosts: u64, room: u64, vms: u64) -> (Self, u64) {
        let full = (vms / room).min(hosts);
        let some = if full < hosts { vms - full * room } else { 0 };
        (Self { full, most: room, some, few: 0 }, full * room + some)
    }
}

/// How often `demand` fits into `free`; the greatest integer if nothing is demanded.
pub(crate) fn times(free: &[u64], demand: &[u64]) -> u64 {
    let positive = free.iter().zip(demand).filter(|&(_, &demand)| demand > 0);
    positive.map(|(free, demand)| free / demand).min().unwrap_or(u64::MAX)
}

/// Takes `vms` VMs out of `free`: as many as fit by the first row, then by the next, and so on. Tells
/// `on_row` of every row used and how often. Returns how many did not fit.
pub(crate) fn fill(
    instance: &Instance,
    free: &mut [u64],
    rows: &[usize],
    vms: u64,
    mut on_row: impl FnMut(usize, u64),
) -> u64 {
    let mut left = vms;
    for &row in rows {
        let demand = instance.demand(row);
        let count = times(free, demand).min(left);
        if count > 0 {
            free.iter_mut().zip(demand).for_each(|(free, demand)| *free -= count * demand);
            left -= count;
            on_row(row, count);
        }
        if left == 0 {
            break;
        }
    }
    left
}

/// How many VMs fit into `free` when filled by [`fill`]; the greatest integer if one demands nothing.
pub(crate) fn room(instance: &Instance, free: &[u64], rows: &[usize]) -> u64 {
    if let [row] = rows {
        return times(free, instance.demand(*row));
    }
    let mut free = free.to_vec();
    u64::MAX - fill(instance, &mut free, rows, u64::MAX, |_, _| {})
}
