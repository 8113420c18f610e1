//! The end that sends.

use super::{End, LONGEST, Options, PIECE, Report, put_failure};
use crate::error::reason;
use crate::fsops::base_name;
use crate::fsops::status::{Identity, Status};
use rustix::fs::{Mode, OFlags};
use std::collections::VecDeque;
use std::fs::{File, ReadDir};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a file without a length that are read to find it.
const AHEAD: u64 = 1 << 20;

/// The sending end of one transfer.
pub struct Source {
    paths: VecDeque<PathBuf>,
    options: Options,
    /// The folders on the way to where we are; none of them twice.
    folders: Vec<(ReadDir, Identity)>,
    state: State,
    /// What the other end has said and nobody has listened to yet.
    heard: Vec<u8>,
    report: Report,
}

/// What is read ahead, and the rest.
type Content = io::Chain<io::Cursor<Vec<u8>>, File>;

enum Thing {
    /// A file and its length.
    File(Content, u64),
    Folder(ReadDir, Identity),
}

enum State {
    /// The other end has not said that it is there.
    Start,
    /// The next file is looked for.
    Next,
    /// Times are told; then the thing itself is announced.
    Times(PathBuf, Thing, Vec<u8>),
    Announced(PathBuf, Thing),
    Data(Outgoing),
    /// All is sent, or the end of a folder is told.
    Sent,
    Over,
}

struct Outgoing {
    path: PathBuf,
    content: Content,
    left: u64,
    failure: Option<String>,
}

impl Source {
    /// Sends these files.
    pub fn new(paths: Vec<PathBuf>, options: Options) -> Source {
        Source {
            paths: paths.into(),
            options,
            folders: Vec::new(),
            state: State::Start,
            heard: Vec::new(),
            report: Report::default(),
        }
    }

    /// An answer of the other end, if it is whole. None: wait.
    fn answer(&mut self) -> Option<Answer> {
        let first = *self.heard.first()?;
        if first == 0 {
            self.heard.remove(0);
            return Some(Answer::Fine);
        }
        let end = self.heard.iter().position(|&b| b == b'\n');
        if end.is_none() && self.heard.len() <= LONGEST {
            return None;
        }
        let line: Vec<u8> = self.heard.drain(..=end.unwrap_or(LONGEST)).collect();
        if first == 1 {
            self.report.hear(&line[1..]);
            return Some(Answer::Refused);
        }
        // 2, or something that is no answer at all.
        self.report
            .hear(if first == 2 { &line[1..] } else { &line });
        Some(Answer::Over)
    }

    /// The next thing to send is announced, or the end of a folder.
    fn next(&mut self, output: &mut Vec<u8>) -> State {
        let path = match self.folders.last_mut() {
            None => match self.paths.pop_front() {
                Some(path) => path,
                None => return State::Over,
            },
            Some((folder, _)) => match folder.next() {
                Some(Ok(entry)) => entry.path(),
                Some(Err(error)) => {
                    let text = self.report.fail(Path::new("folder"), &reason(&error));
                    put_failure(output, &text);
                    return State::Next;
                }
                None => {
                    self.folders.pop();
                    output.extend_from_slice(b"E\n");
                    return State::Sent;
                }
            },
        };
        let found = self.look(&path).and_then(|(thing, status)| {
            let name = name(&path)?;
            Ok((thing, status, name))
        });
        match found {
            Ok((thing, status, name)) => self.announce(path, thing, status, &name, output),
            Err(why) => {
                let text = self.report.fail(&path, &why);
                put_failure(output, &text);
                State::Next
            }
        }
    }

    /// Opens what is to be sent, or says why it cannot be.
    fn look(&self, path: &Path) -> Result<(Thing, Status), String> {
        let why = |error: io::Error| reason(&error);
        // Neither a named pipe nor a terminal is waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| why(e.into()))?;
        let mut file = File::from(file);
        let status = Status::of_open(&file).map_err(why)?;
        if status.is_file() {
            let mut ahead = Vec::new();
            let mut length = status.size;
            if length == 0 {
                // Files of the kernel have no length until they are read.
                file.by_ref()
                    .take(AHEAD)
                    .read_to_end(&mut ahead)
                    .map_err(why)?;
                length = ahead.len() as u64;
            }
            let content = io::Cursor::new(ahead).chain(file);
            return Ok((Thing::File(content, length), status));
        }
        let identity = status.identity();
        Err(match (status.is_dir(), self.options.recursive) {
            (true, true) if self.folders.iter().any(|(_, own)| *own == identity) => {
                "leads back to a folder that it is in"
            }
            (true, true) => {
                let entries = std::fs::read_dir(path).map_err(why)?;
                return Ok((Thing::Folder(entries, identity), status));
            }
            (true, false) => "is a directory: -r takes it along",
            (false, _) => "not a regular file",
        }
        .into())
    }

    fn announce(
        &mut self,
        path: PathBuf,
        thing: Thing,
        status: Status,
        name: &[u8],
        output: &mut Vec<u8>,
    ) -> State {
        let (kind, length) = match &thing {
            Thing::File(_, length) => ('C', *length),
            Thing::Folder(..) => ('D', 0),
        };
        let mut line = format!("{kind}{:04o} {length} ", status.permissions()).into_bytes();
        line.extend_from_slice(name);
        line.push(b'\n');
        if !self.options.preserve {
            output.append(&mut line);
            return State::Announced(path, thing);
        }
        // Times before 1970 cannot be told.
        let (changed, read) = (status.modified.seconds, status.accessed.seconds);
        let times = format!("T{} 0 {} 0\n", changed.max(0), read.max(0));
        output.extend_from_slice(times.as_bytes());
        State::Times(path, thing, line)
    }

    /// The other end is ready for what was announced.
    fn begin(&mut self, path: PathBuf, thing: Thing) -> State {
        match thing {
            Thing::Folder(entries, identity) => {
                self.folders.push((entries, identity));
                State::Next
            }
            Thing::File(content, length) => {
                self.report.current = Some((path.display().to_string(), 0, length));
                State::Data(Outgoing {
                    path,
                    content,
                    left: length,
                    failure: None,
                })
            }
        }
    }

    /// A piece of a file. What has been announced is sent: of a file that is shorter now or
    /// cannot be read, zeros, and behind them that it failed.
    fn data(&mut self, mut outgoing: Outgoing, output: &mut Vec<u8>) -> State {
        if outgoing.left == 0 {
            self.report.current = None;
            match outgoing.failure {
                None => output.push(0),
                Some(why) => {
                    let text = self.report.fail(&outgoing.path, &why);
                    put_failure(output, &text);
                }
            }
            return State::Sent;
        }
        let count = outgoing.left.min(PIECE as u64) as usize;
        let start = output.len();
        output.resize(start + count, 0);
        let mut filled = 0;
        while filled < count && outgoing.failure.is_none() {
            match outgoing.content.read(&mut output[start + filled..]) {
                Ok(0) => outgoing.failure = Some("file became shorter".into()),
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => outgoing.failure = Some(reason(&error)),
            }
        }
        outgoing.left -= count as u64;
        if let Some((_, done, _)) = &mut self.report.current {
            *done += count as u64;
        }
        State::Data(outgoing)
    }
}

enum Answer {
    Fine,
    Refused,
    Over,
}

impl End for Source {
    fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) {
        if self.heard.len() <= 2 * LONGEST {
            self.heard.extend_from_slice(input);
        }
        while output.len() < PIECE {
            let waits = matches!(
                self.state,
                State::Start | State::Times(..) | State::Announced(..) | State::Sent
            );
            let answer = match waits {
                true => match self.answer() {
                    Some(answer) => answer,
                    None => return,
                },
                false => Answer::Fine,
            };
            let state = std::mem::replace(&mut self.state, State::Over);
            self.state = match (state, answer) {
                (State::Over, _) | (_, Answer::Over) => return,
                // Nobody is there to receive.
                (State::Start, Answer::Refused) => return,
                (State::Start | State::Sent, _) => State::Next,
                (State::Next, _) => self.next(output),
                (State::Times(..) | State::Announced(..), Answer::Refused) => State::Next,
                (State::Times(path, thing, line), _) => {
                    output.extend_from_slice(&line);
                    State::Announced(path, thing)
                }
                (State::Announced(path, thing), _) => self.begin(path, thing),
                (State::Data(outgoing), _) => self.data(outgoing, output),
            };
        }
    }

    fn ended(&mut self) {
        if !self.is_over() {
            let text = "the connection ended before all was sent".to_owned();
            self.report.failed = true;
            self.report.complaints.push(text);
        }
        self.state = State::Over;
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn report(&mut self) -> &mut Report {
        &mut self.report
    }
}

/// The name that the other end is told. A path that ends in a dot has that of its folder.
fn name(path: &Path) -> Result<Vec<u8>, String> {
    let last = base_name(path.as_os_str());
    let last = if last == "." || last == ".." {
        let whole = std::fs::canonicalize(path).map_err(|error| reason(&error))?;
        whole.file_name().unwrap_or_default().to_owned()
    } else {
        last.to_owned()
    };
    let bytes = last.as_bytes();
    if bytes.is_empty() || bytes.contains(&b'/') {
        return Err("has no name".into());
    }
    if bytes.contains(&b'\n') {
        return Err("a name of two lines cannot be told".into());
    }
    Ok(bytes.to_vec())
}
