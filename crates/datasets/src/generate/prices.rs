//! Host types with prices, for the fleets.

use vmpack_model::packing::HostType;

use super::draw::Draw;

/// A kind of server: cores and GiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) cores: u64,
    pub(super) gib: u64,
}

/// Two-socket and one-socket servers as clouds run them; the first is the largest, and each other kind
/// trades cores against memory.
pub(super) const SERVERS: [Server; 8] = [
    Server { cores: 128, gib: 1024 },
    Server { cores: 64, gib: 256 },
    Server { cores: 96, gib: 384 },
    Server { cores: 64, gib: 128 },
    Server { cores: 96, gib: 768 },
    Server { cores: 32, gib: 128 },
    Server { cores: 128, gib: 512 },
    Server { cores: 48, gib: 192 },
];

/// The first `count` kinds of server at drawn prices, in cents per day.
///
/// A price is a fixed part for chassis and rack, a part per core and a part per GiB, times 0.9 to 1.1: so
/// larger servers are cheaper per core, but not every one of them. `stock`, if given, limits all but the
/// first kind, so that whatever fits the largest server can be hosted.
pub(super) fn priced(
    draw: &mut Draw,
    count: usize,
    mut stock: Option<impl FnMut(&mut Draw, Server) -> u64>,
) -> Vec<(Server, HostType)> {
    let price = |draw: &mut Draw, server: Server| {
        let list = 300 + 40 * server.cores + 5 * server.gib;
        list * draw.uniform(900, 1100) / 1000
    };
    SERVERS[..count]
        .iter()
        .enumerate()
        .map(|(index, &server)| {
            let cost = price(draw, server);
            let stock = match &mut stock {
                Some(limit) if index > 0 => Some(limit(draw, server)),
                _ => None,
            };
            let name = format!("host-{}x{}", server.cores, server.gib);
            (server, HostType { name, cost, stock })
        })
        .collect()
}
