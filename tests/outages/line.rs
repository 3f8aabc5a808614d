//! The lines from the programs to table and queue, which can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What names a send on the wire, one wake-up or several.
const SENDS: &[u8] = b"AmazonSQS.SendMessage";

/// How a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Whole,
    /// Connections end, and new ones with them.
    Cut,
    /// Connections stand and nothing goes through, which costs who waits all of his patience.
    Silent,
}

/// A line to a service.
pub(super) struct Line {
    address: String,
    is: watch::Sender<Is>,
    sends: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Line {
    /// To a service at `endpoint`.
    pub(super) async fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (is, sends) = (watch::Sender::new(Is::Whole), Arc::new(AtomicUsize::new(0)));
        let service = endpoint.strip_prefix("http://").unwrap().to_owned();
        let listening = tokio::spawn(listen(listener, service, is.clone(), Arc::clone(&sends)));
        Self { address, is, sends, listening }
    }

    /// Where it begins.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// From now on.
    pub(super) fn is(&self, is: Is) {
        self.is.send_replace(is);
    }

    /// How many sends of wake-ups were tried over it so far.
    pub(super) fn sends(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }
}

async fn listen(listener: TcpListener, service: String, is: watch::Sender<Is>, sends: Arc<AtomicUsize>) {
    loop {
        let Ok((here, _)) = listener.accept().await else { continue };
        let (service, is, sends) = (service.clone(), is.subscribe(), Arc::clone(&sends));
        tokio::spawn(async move {
            let mut cut = is.clone();
            let both = async {
                let Ok(there) = TcpStream::connect(&service).await else { return };
                let ((questions, to_program), (answers, to_service)) = (here.into_split(), there.into_split());
                let asks = carry(questions, to_service, is.clone(), |bytes| {
                    sends.fetch_add(bytes.windows(SENDS.len()).filter(|some| *some == SENDS).count(), Ordering::SeqCst);
                });
                tokio::select! {
                    () = asks => {}
                    () = carry(answers, to_program, is.clone(), |_| {}) => {}
                }
            };
            tokio::select! {
                () = both => {}
                _ = cut.wait_for(|is| *is == Is::Cut) => {}
            }
        });
    }
}

/// Carries bytes one way until one side ends, and looks at them first. What somebody sent who hung up in the silence is lost.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut is: watch::Receiver<Is>, seen: impl Fn(&[u8])) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        seen(&bytes[..count]);
        let hung_up = async {
            if matches!(from.peek(&mut [0]).await, Ok(1..)) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            open = is.wait_for(|is| *is != Is::Silent) => if open.is_err() { return },
            () = hung_up => return,
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
