//! Random streams, one per component, that are the same everywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A stream of draws. Streams of different components are independent of each other: what one draws changes nothing
/// for another. Functions of real numbers come from `libm`, whose results do not depend on the machine.
#[derive(Clone, Debug)]
pub(crate) struct Stream(ChaCha8Rng);

/// Who draws.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Component {
    /// Whose a VM is.
    Tenants = 20,
    /// What kind of work it does.
    Work = 21,
    /// The site whose users it serves, and what latency they bear.
    Users = 22,
    /// How classes of work slow each other down.
    Interference = 23,
    /// Where sites lie and what they cost.
    Sites = 24,
    /// The choice among hosts.
    Placement = 1,
    /// The error of predicted lifetimes.
    Noise = 2,
    /// The times of arrivals.
    Arrivals = 3,
    /// The lifetimes of generated VMs.
    Lifetimes = 4,
    /// The sizes of generated VMs.
    Sizes = 5,
    /// The classes and weights of generated jobs.
    Classes = 6,
    /// How far estimates are off.
    Estimates = 7,
    /// When one of several things fails, and for how long.
    Failures = 8,
    /// When failures come that several hosts share.
    Shocks = 9,
    /// Whether a host falls to a shared failure, and for how long.
    Hits = 10,
    /// When a host degrades, and what comes of it.
    Degradations = 11,
    /// Which heartbeats of a host are lost.
    Losses = 12,
    /// How late heartbeats of a host are.
    Jitter = 13,
    /// What generated VMs use.
    Load = 30,
}

impl Stream {
    /// The stream of a component under a seed.
    pub(crate) fn new(component: Component, seed: u64) -> Self {
        Self::numbered(component, 0, seed)
    }

    /// The stream of one of several components of a kind, by number; the first has the stream of the kind.
    pub(crate) fn numbered(component: Component, number: usize, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(((number as u64) << 8) | component as u64);
        Self(generator)
    }

    /// A number below `width`, which is positive, each equally likely up to `width` in 2^32: the draw of that
    /// position, whatever was drawn before. For streams that are used in no other way.
    pub(crate) fn below_at(&mut self, position: u64, width: u32) -> u32 {
        if self.0.get_word_pos() != u128::from(position) {
            self.0.set_word_pos(u128::from(position));
        }
        ((u64::from(self.0.next_u32()) * u64::from(width)) >> 32) as u32
    }

    /// A number below `width`, which is positive, each equally likely (Lemire 2019).
    pub(crate) fn below(&mut self, width: u64) -> u64 {
        let surplus = width.wrapping_neg() % width;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(width);
            if product as u64 >= surplus {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number strictly between 0 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A draw from the exponential distribution of mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(self.unit())
    }

    /// A draw from the standard normal distribution (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned_and_differ() {
        let draw = |component| {
            let mut stream = Stream::new(component, 7);
            [stream.below(1000), stream.below(1000), stream.below(1000)]
        };
        assert_eq!(draw(Component::Placement), draw(Component::Placement));
        assert_ne!(draw(Component::Placement), draw(Component::Noise));
        let (mut first, mut second) = (
            Stream::numbered(Component::Failures, 1, 7),
            Stream::numbered(Component::Failures, 2, 7),
        );
        assert_ne!(first.below(1 << 40), second.below(1 << 40));
    }

    #[test]
    fn a_draw_by_position_depends_on_nothing_else() {
        let mut stream = Stream::numbered(Component::Jitter, 3, 7);
        let all: Vec<u32> = (0..200).map(|position| stream.below_at(position, 1000)).collect();
        for position in [199, 0, 17, 18, 150, 16] {
            assert_eq!(stream.below_at(position as u64, 1000), all[position]);
        }
        let mean = all.iter().sum::<u32>() / 200;
        assert!((400..600).contains(&mean), "{mean}");
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut stream = Stream::new(Component::Noise, 1);
        let n = 100_000;
        let (mut mean, mut square, mut exponential) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = stream.normal();
            mean += x / f64::from(n);
            square += x * x / f64::from(n);
            exponential += stream.exponential() / f64::from(n);
        }
        // Five standard errors.
        assert!(mean.abs() < 0.016, "{mean}");
        assert!((square - 1.0).abs() < 0.023, "{square}");
        assert!((exponential - 1.0).abs() < 0.016, "{exponential}");
    }
}
