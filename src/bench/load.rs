//! The load: kept connections on which webhooks that were signed before are written, one answer awaited after the other.
//!
//! It shares the two cores with the server under test, so it does as little as it can: one thread, whole requests written at
//! once, and of an answer only its status and its end are looked for.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::machine::thread_cpu;

/// The longest head of an answer.
const HEAD_MAX: usize = 4096;

/// What became of a load.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Microseconds from the first byte written to the end of the answer, for those answered 200.
    pub(super) times: Vec<u32>,
    pub(super) not_200: u64,
    pub(super) took: Duration,
    /// What the load itself used.
    pub(super) cpu: Duration,
}

impl Sent {
    pub(super) fn accepted(&self) -> u64 {
        self.times.len() as u64
    }
}

/// Writes all requests over so many connections. It runs on a thread of its own.
pub(super) async fn send(to: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> anyhow::Result<Sent> {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(LocalSet::new().run_until(send_here(to, requests, connections)))
    })
    .await?
}

/// What the connections share.
struct Shared {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    sent: RefCell<Sent>,
}

async fn send_here(to: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> anyhow::Result<Sent> {
    let sent = Sent { times: Vec::with_capacity(requests.len()), ..Sent::default() };
    let shared = Rc::new(Shared { requests, next: Cell::new(0), sent: RefCell::new(sent) });
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await.context("the server does not listen")?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let (began, cpu) = (Instant::now(), thread_cpu());
    let talks: Vec<_> =
        streams.into_iter().map(|stream| tokio::task::spawn_local(talk(stream, Rc::clone(&shared)))).collect();
    for talk in talks {
        talk.await??;
    }
    let mut sent = shared.sent.take();
    (sent.took, sent.cpu) = (began.elapsed(), thread_cpu().saturating_sub(cpu));
    Ok(sent)
}

async fn talk(mut stream: TcpStream, shared: Rc<Shared>) -> anyhow::Result<()> {
    let mut buffer = vec![0; HEAD_MAX];
    loop {
        let at = shared.next.get();
        let Some(request) = shared.requests.get(at) else { return Ok(()) };
        shared.next.set(at + 1);
        let began = Instant::now();
        stream.write_all(request).await?;
        let accepted = answer(&mut stream, &mut buffer).await?;
        let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut sent = shared.sent.borrow_mut();
        if accepted {
            sent.times.push(took);
        } else {
            sent.not_200 += 1;
        }
    }
}

/// Reads one answer. Whether it is a 200.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<bool> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the server closed a connection, or its answer is too long");
        }
        filled += read;
        if let Some(length) = whole(&buffer[..filled])
            && filled >= length
        {
            return Ok(buffer.starts_with(b"HTTP/1.1 200"));
        }
    }
}

/// How long the answer is with its body, if its head is there.
fn whole(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Some(head + length.and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says() {
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"), None);
        let empty = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(whole(empty), Some(empty.len()));
        let later = b"HTTP/1.1 503 Later\r\nContent-Length: 5\r\n\r\nla";
        assert_eq!(whole(later), Some(later.len() + 3));
    }
}
