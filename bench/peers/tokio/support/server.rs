// SPDX-License-Identifier: MIT
//! The frame of a server program (echo, mixed), steered as bench/support/server.hpp says.

use std::future::Future;
use std::io::BufRead;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{fail, leaves_done, Reporter, Stopwatch};

/// Serves start, stop and the end of the input, on a thread of its own.
pub fn obey_standard_input(report: Reporter, counts_leaves: bool) {
    std::thread::spawn(move || {
        let (mut window, mut leaves) = (Stopwatch::start(), 0);
        for command in std::io::stdin().lock().lines().map_while(Result::ok) {
            if command == "start" {
                leaves = leaves_done();
                window = Stopwatch::start();
                println!("STARTED");
            } else if command == "stop" {
                let times = window.seconds();
                let done = leaves_done() - leaves;
                if counts_leaves {
                    report.higher("leaves_per_s", "1/s", done as f64 / times.0);
                }
                report.times(times);
                println!("STOPPED");
            }
        }
        std::process::exit(0)
    });
}

/// Listens on the loopback port (0: any), announces it and echoes; `on_request()` is awaited between reading and answering.
pub async fn serve_echo<F, R>(port: u16, on_request: F)
where
    F: Fn() -> R + Copy + Send + Sync + 'static,
    R: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap_or_else(|error| fail(&format!("listen on port {port}"), error));
    let address = listener.local_addr().unwrap_or_else(|error| fail("ask for the port", error));
    println!("PORT {}", address.port());
    loop {
        let (stream, _) = listener.accept().await.unwrap_or_else(|error| fail("accept a connection", error));
        tokio::spawn(async move {
            // An error is the client's end.
            let _ = echo(stream, on_request).await;
        });
    }
}

async fn echo<F, R>(mut stream: TcpStream, on_request: F) -> std::io::Result<()>
where
    F: Fn() -> R,
    R: Future<Output = ()>,
{
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        on_request().await;
        stream.write_all(&buffer[..count]).await?;
    }
}
