//! As much of HTTP/1.1 as the program's own client speaks: requests with a length, kept connections.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

/// Read at once.
const CHUNK: usize = 64 * 1024;

/// The name of the threads that serve.
pub(in crate::bench) const THREAD: &str = "bench-lean";

/// Serves each connection with `converse`, on a thread of its own, until `stop`. Where it listens.
pub(super) fn serve<F, C>(stop: CancellationToken, converse: F) -> anyhow::Result<SocketAddr>
where
    F: Fn(TcpStream) -> C + Send + 'static,
    C: Future<Output = anyhow::Result<()>> + 'static,
{
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(LocalSet::new().run_until(async {
            let listener = TcpListener::from_std(listener)?;
            while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                tokio::task::spawn_local(converse(stream));
            }
            anyhow::Ok(())
        }))
    })?;
    Ok(address)
}

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) get: bool,
    /// With the query.
    pub(super) path: String,
    pub(super) body: String,
}

/// The next request; nothing if the caller has closed the connection. What was read beyond it stays in `buffer`.
pub(super) async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<Option<Request>> {
    loop {
        if let Some((request, length)) = parse(buffer)? {
            buffer.drain(..length);
            return Ok(Some(request));
        }
        buffer.reserve(CHUNK);
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// A whole request and how long it is.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Request, usize)>> {
    let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head])?;
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = words.next().zip(words.next()).context("a request without a path")?;
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a request without a length");
        }
    }
    let whole = head + 4 + length;
    if bytes.len() < whole {
        return Ok(None);
    }
    let body = String::from_utf8(bytes[head + 4..whole].to_vec())?;
    Ok(Some((Request { get: method == "GET", path: path.to_owned(), body }, whole)))
}

/// Answers 200 with this JSON.
pub(super) async fn respond(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let bytes = b"POST /a?b=c HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /";
        let (request, length) = parse(bytes).unwrap().unwrap();
        assert_eq!((request.get, request.path.as_str(), request.body.as_str()), (false, "/a?b=c", "{}"));
        assert_eq!(&bytes[length..], b"GET /");
        assert!(parse(&bytes[..bytes.len() - 6]).unwrap().is_none());
        assert!(parse(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
