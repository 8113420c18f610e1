//! A conversation with a program at the other end of a line: type, and wait for an answer.
//!
//! Nothing here sleeps: a reader thread collects what arrives and wakes whoever waits for it.
//! Everything that was said stays in the log, which a failed test prints.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Far more than anything takes on an idle machine; the emulator may share two cores.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// What has arrived so far, and whether more can come.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    closed: bool,
}

/// One line to a router: its serial console or a telnet session.
pub struct Talk {
    name: &'static str,
    typed: Box<dyn Write + Send>,
    enter: &'static [u8],
    heard: Arc<(Mutex<Heard>, Condvar)>,
    /// Everything before this has been waited for.
    seen: usize,
}

/// What a command came to.
#[derive(Debug)]
pub struct Outcome {
    /// Both outputs together, as the terminal showed them.
    pub text: String,
    /// The exit status.
    pub status: u8,
}

impl Outcome {
    /// Insists on success and hands out what was printed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}", self.text);
        self.text
    }

    /// Insists on failure with these words in the message.
    #[track_caller]
    pub fn refused(self, words: &str) -> String {
        assert_ne!(self.status, 0, "succeeded: {}", self.text);
        assert!(self.text.contains(words), "no '{words}' in: {}", self.text);
        self.text
    }
}

impl Talk {
    /// Talks over `input` (from the router) and `typed` (to it); `enter` is what the Enter
    /// key sends.
    pub fn new(
        name: &'static str,
        mut input: impl Read + Send + 'static,
        typed: impl Write + Send + 'static,
        enter: &'static [u8],
    ) -> Talk {
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let shared = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut buf = [0; 4096];
            loop {
                // A line that breaks is a line that ends.
                let count = input.read(&mut buf).unwrap_or(0);
                let mut heard = shared.0.lock().unwrap();
                heard.bytes.extend_from_slice(&buf[..count]);
                heard.closed = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Talk {
            name,
            typed: Box::new(typed),
            enter,
            heard,
            seen: 0,
        }
    }

    /// Types text without Enter.
    pub fn type_text(&mut self, text: &str) {
        self.typed.write_all(text.as_bytes()).unwrap();
        self.typed.flush().unwrap();
    }

    /// Types a line and presses Enter.
    pub fn line(&mut self, text: &str) {
        self.type_text(text);
        self.typed.write_all(self.enter).unwrap();
        self.typed.flush().unwrap();
    }

    /// Waits for these words and hands out what came before them.
    #[track_caller]
    pub fn expect(&mut self, words: &str) -> String {
        self.expect_one(&[words]).1
    }

    /// Waits for the first of several answers: which one, and what came before it.
    #[track_caller]
    pub fn expect_one(&mut self, answers: &[&str]) -> (usize, String) {
        let found = self.wait(|heard| {
            let place = |(which, words): (usize, &&str)| Some((find(heard, words)?, which));
            let (start, which) = answers.iter().enumerate().filter_map(place).min()?;
            Some((start, start + answers[which].len(), which))
        });
        match found {
            Some((text, which)) => (which, text),
            None => self.give_up(&format!("waited for {answers:?}")),
        }
    }

    /// Waits until the other side hangs up.
    #[track_caller]
    pub fn expect_end(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        let (lock, wake) = &*self.heard;
        let mut heard = lock.lock().unwrap();
        while !heard.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(heard);
                self.give_up("waited for the end of the line");
            }
            heard = wake.wait_timeout(heard, left).unwrap().0;
        }
        String::from_utf8_lossy(&heard.bytes[self.seen..]).into_owned()
    }

    /// Runs a shell command and waits for its end and the next prompt.
    #[track_caller]
    pub fn run(&mut self, command: &str) -> Outcome {
        // What is typed comes back as an echo, and the line editor may draw it anew; only the
        // answers have these brackets with nothing, and later a number, between them.
        self.line(&format!("echo \\<\\>; {command}; echo \"<$?>\""));
        self.expect("<>\r\n");
        let found = self.wait(|heard| {
            memchr::memchr_iter(b'<', heard).find_map(|start| {
                let digits = heard[start + 1..].split(|byte| *byte == b'>').next()?;
                let end = start + digits.len() + 2;
                let status = std::str::from_utf8(digits).ok()?.parse::<u8>().ok()?;
                (end <= heard.len()).then_some((start, end, status))
            })
        });
        let Some((text, status)) = found else {
            self.give_up(&format!("waited for the end of '{command}'"))
        };
        // Typing before the prompt would be echoed twice, in pieces.
        self.expect("# ");
        Outcome {
            text: text.replace('\r', ""),
            status,
        }
    }

    /// Waits until `find_in` answers with start, end and a value; None when patience or the
    /// line ends. Returns the text before the start and moves past the end.
    fn wait<T>(
        &mut self,
        find_in: impl Fn(&[u8]) -> Option<(usize, usize, T)>,
    ) -> Option<(String, T)> {
        let limit = Instant::now() + PATIENCE;
        let (lock, wake) = &*self.heard;
        let mut heard = lock.lock().unwrap();
        loop {
            let fresh = &heard.bytes[self.seen..];
            if let Some((start, end, value)) = find_in(fresh) {
                self.seen += end;
                return Some((String::from_utf8_lossy(&fresh[..start]).into_owned(), value));
            }
            let left = limit.saturating_duration_since(Instant::now());
            if heard.closed || left.is_zero() || find(fresh, "Kernel panic").is_some() {
                return None;
            }
            heard = wake.wait_timeout(heard, left).unwrap().0;
        }
    }

    /// Everything heard so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.heard.0.lock().unwrap().bytes).into_owned()
    }

    #[track_caller]
    fn give_up(&self, what: &str) -> ! {
        let log = self.log();
        let tail: Vec<_> = log.lines().rev().take(15).collect();
        let tail: Vec<_> = tail.into_iter().rev().collect();
        panic!(
            "{}: {what}; the last lines:\n{}",
            self.name,
            tail.join("\n")
        )
    }
}

fn find(bytes: &[u8], words: &str) -> Option<usize> {
    memchr::memmem::find(bytes, words.as_bytes())
}

impl Drop for Talk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- {} ----\n{}\n---- end ----", self.name, self.log());
        }
    }
}
