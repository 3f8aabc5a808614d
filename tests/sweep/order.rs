//! The order of system calls: for each webhook that was answered 2xx, the commit that holds its row was written whole,
//! then a sync of the log began and succeeded, and only then did the answer begin.

use crate::trace::Call;

/// Deliveries of the sweep bear ids of this form, so that they are found in what is written: `sweep-` and six digits.
pub(crate) const MARK: &str = "sweep-";
const MARK_LENGTH: usize = MARK.len() + 6;

/// The header of a frame in the log, before each page.
const FRAME_HEADER: usize = 24;

/// An answer in the 200s to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) delivery: String,
    /// The line in which sending it began.
    pub(crate) begun: usize,
}

/// All answers in the 200s to webhooks, or what was wrong with the first that came too early.
pub(crate) fn answers_after_sync(calls: &[Call]) -> Result<Vec<Answer>, String> {
    let answers = answers(calls);
    for answer in &answers {
        let Some(synced) = durable_at(calls, &answer.delivery) else {
            return Err(format!("{} was answered 2xx and no sync of its commit ever succeeded", answer.delivery));
        };
        if synced > answer.begun {
            return Err(format!(
                "{} was answered 2xx in line {} and synced only in line {synced}",
                answer.delivery, answer.begun
            ));
        }
    }
    Ok(answers)
}

/// The answers in the 200s, each with the delivery that was last read from the same connection.
fn answers(calls: &[Call]) -> Vec<Answer> {
    let is_answer = |call: &Call| {
        matches!(call.name.as_str(), "sendto" | "write" | "writev" | "sendmsg") && call.data.starts_with(b"HTTP/1.1 2")
    };
    let mut found = Vec::new();
    for sent in calls.iter().filter(|call| is_answer(call)) {
        let asked = calls
            .iter()
            .filter(|call| matches!(call.name.as_str(), "recvfrom" | "read" | "recvmsg" | "readv"))
            .filter(|call| call.on == sent.on && call.ended.is_some_and(|ended| ended < sent.begun))
            .filter(|call| call.data.windows(4).any(|bytes| bytes == b"POST") && mark(&call.data).is_some())
            .max_by_key(|call| call.ended);
        if let Some(delivery) = asked.and_then(|call| mark(&call.data)) {
            found.push(Answer { delivery, begun: sent.begun });
        }
    }
    found
}

/// The line in which the first sync ended that began after the whole commit with the delivery's row. The thread that moves the
/// log syncs it, too: a sync of its own may begin before the commit's and end after the answer.
fn durable_at(calls: &[Call], delivery: &str) -> Option<usize> {
    let log: Vec<&Call> = calls.iter().filter(|call| call.is_of_log()).collect();
    let row = log.iter().position(|call| call.is_write() && call.succeeded() && holds(&call.data, delivery))?;
    // The page's own header stands before it; the first header with a size in it closes the commit.
    let header = log[..row].iter().rposition(|call| call.is_write() && call.data.len() == FRAME_HEADER)?;
    let closing = header + log[header..].iter().position(|call| closes_a_commit(call))?;
    let page = log[closing + 1..].iter().find(|call| call.is_write() && call.succeeded())?;
    let syncs = log.iter().filter(|call| call.is_sync() && Some(call.begun) > page.ended && call.result == Some(0));
    syncs.filter_map(|call| call.ended).min()
}

fn closes_a_commit(call: &Call) -> bool {
    call.is_write() && call.succeeded() && call.data.len() == FRAME_HEADER && call.data[4..8] != [0; 4]
}

fn holds(data: &[u8], text: &str) -> bool {
    data.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

fn mark(data: &[u8]) -> Option<String> {
    let at = data.windows(MARK.len()).position(|bytes| bytes == MARK.as_bytes())?;
    String::from_utf8(data.get(at..at + MARK_LENGTH)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace;

    const ASKED: &str = r#"3<one> recvfrom(9<TCP:[a->b]>, "POST /webhooks/shopify HTTP/1.1\r\nx-shopify-webhook-id: sweep-000001\r\n\r\n", 8192, 0, NULL, NULL) = 60"#;
    const HEADER: &str = r#"5<one> pwrite64(12</l/ledger.db-wal>, "\0\0\0\7\0\0\0\0aaaabbbbccccdddd", 24, 32) = 24"#;
    const ROW: &str = r#"5<one> pwrite64(12</l/ledger.db-wal>, "..sweep-000001..", 4096, 56) = 4096"#;
    const CLOSING: &str =
        r#"5<one> pwrite64(12</l/ledger.db-wal>, "\0\0\0\10\0\0\0\11aaaabbbbccccdddd", 24, 4152) = 24"#;
    const LAST: &str = r#"5<one> pwrite64(12</l/ledger.db-wal>, "tally", 4096, 4176) = 4096"#;
    const SYNC: &str = "5<one> fsync(12</l/ledger.db-wal>) = 0";
    const SENT: &str = r#"4<one> writev(9<TCP:[a->b]>, [{iov_base="HTTP/1.1 200 OK\r\n", iov_len=17}], 1) = 17"#;

    fn judged(lines: &[&str]) -> Result<Vec<Answer>, String> {
        answers_after_sync(&trace::read(&lines.join("\n")))
    }

    #[test]
    fn an_answer_after_the_sync_of_its_commit_is_right() {
        let answers = judged(&[ASKED, HEADER, ROW, CLOSING, LAST, SYNC, SENT]).unwrap();
        assert_eq!(answers, [Answer { delivery: "sweep-000001".to_owned(), begun: 6 }]);
    }

    #[test]
    fn an_answer_before_the_sync_is_refused() {
        assert!(judged(&[ASKED, HEADER, ROW, CLOSING, LAST, SENT, SYNC]).is_err());
        let in_between = ["5<one> fsync(12</l/ledger.db-wal> <unfinished ...>", SENT, "5 <... fsync resumed>) = 0"];
        assert!(judged(&[&[ASKED, HEADER, ROW, CLOSING, LAST], in_between.as_slice()].concat()).is_err());
    }

    #[test]
    fn a_sync_of_the_other_thread_that_goes_on_behind_the_answer_is_not_waited_for() {
        let begins = "6<two> fsync(13</l/ledger.db-wal> <unfinished ...>";
        let (ends, fails) = ("6<two> <... fsync resumed>) = 0", "6<two> <... fsync resumed>) = -1 EIO (INJECTED)");
        let commit = [ASKED, HEADER, ROW, CLOSING, LAST, begins];
        assert!(judged(&[&commit, [SYNC, SENT, ends].as_slice()].concat()).is_ok());
        assert!(judged(&[&commit, [ends, SENT].as_slice()].concat()).is_ok(), "whoever syncs, all of the file is");
        assert!(judged(&[&commit, [SENT, ends].as_slice()].concat()).is_err());
        assert!(judged(&[&commit, [fails, SENT, SYNC].as_slice()].concat()).is_err());
    }

    #[test]
    fn a_sync_that_fails_or_comes_in_the_middle_of_the_commit_does_not_count() {
        let failed = "5<one> fsync(12</l/ledger.db-wal>) = -1 EIO (Input/output error) (INJECTED)";
        assert!(judged(&[ASKED, HEADER, ROW, CLOSING, LAST, failed, SENT]).is_err());
        assert!(judged(&[ASKED, HEADER, ROW, SYNC, CLOSING, LAST, SENT]).is_err());
        let of_the_file = "5<one> fsync(11</l/ledger.db>) = 0";
        assert!(judged(&[ASKED, HEADER, ROW, CLOSING, LAST, of_the_file, SENT]).is_err());
    }

    #[test]
    fn an_answer_without_any_write_is_refused_and_a_refusal_needs_none() {
        assert!(judged(&[ASKED, SENT]).is_err());
        assert_eq!(judged(&[ASKED, &SENT.replace("200 OK", "503 No")]).unwrap(), []);
    }
}
