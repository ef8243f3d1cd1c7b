//! `vmpack serve`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use vmpack_harness::Interrupt;

use super::{say, tell};
use crate::serve::Site;

/// Show the reports below a directory in a browser on this machine.
///
/// Only programs on this machine can connect, and only files below the directory are shown. Prints the address; Ctrl-C ends
/// it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory with reports, at any depth.
    directory: PathBuf,
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = 8373)]
    port: u16,
}

/// How often a request to stop is looked for.
const PATROL: Duration = Duration::from_millis(100);
/// Connections answered at a time: a browser opens six.
const WORKERS: usize = 6;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    let site = Site::new(directory).with_context(|| directory.display().to_string())?;
    let interrupt = Interrupt::on_signals().context("signals")?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let server = tiny_http::Server::http(address).map_err(|error| anyhow!("{address}: {error}"))?;
    let server = Arc::new(server);
    let bound = server.server_addr().to_ip().ok_or_else(|| anyhow!("{address} is no address"))?;
    let site = Arc::new(site.at(bound));
    say(format_args!("http://{bound}/"))?;
    tell(format_args!("showing the reports below {}; Ctrl-C ends it", directory.display()));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // Whoever asked may have gone.
                    let _ = site.answer(request);
                }
            })
        })
        .collect();
    while !interrupt.is_set() {
        thread::sleep(PATROL);
    }
    for _ in &workers {
        server.unblock();
    }
    Ok(ExitCode::SUCCESS)
}
