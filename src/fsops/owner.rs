//! Names of users and groups for numbers, and back, read straight from the files.
//!
//! The C library's own lookup is not used: linked statically it drags in a machinery of
//! modules that a rescue system does not have. Broken lines are passed over.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// More than this of a names file is not read.
const LIMIT: u64 = 1 << 20;

/// The names in a `passwd` or `group` file.
#[derive(Debug, Default)]
pub struct Names(Vec<Line>);

#[derive(Debug)]
struct Line {
    name: Vec<u8>,
    id: u32,
    /// The fourth field: of a user, the group.
    group: Option<u32>,
}

impl Names {
    /// Reads a file of lines `NAME:...:NUMBER:...`; a missing file has no names.
    pub fn read(path: &Path) -> Names {
        use std::io::Read;
        let mut text = Vec::new();
        if let Ok(file) = std::fs::File::open(path)
            && file.take(LIMIT).read_to_end(&mut text).is_err()
        {
            text.clear();
        }
        Names::parse(&text)
    }

    fn parse(text: &[u8]) -> Names {
        let line = |line: &[u8]| {
            let mut fields = line.split(|&b| b == b':');
            Some(Line {
                name: fields.next()?.to_vec(),
                id: number(fields.nth(1)?)?,
                group: fields.next().and_then(number),
            })
        };
        Names(text.split(|&b| b == b'\n').filter_map(line).collect())
    }

    /// The first name with this number.
    pub fn name(&self, id: u32) -> Option<&OsStr> {
        let found = self.0.iter().find(|line| line.id == id);
        found.map(|line| OsStr::from_bytes(&line.name))
    }

    /// The number of a name; a word of digits that is no name is itself.
    pub fn id(&self, word: &[u8]) -> Option<u32> {
        match self.0.iter().find(|line| line.name == word) {
            Some(line) => Some(line.id),
            None => number(word),
        }
    }

    /// The group of the user with this number.
    pub fn group_of(&self, uid: u32) -> Option<u32> {
        self.0.iter().find(|line| line.id == uid)?.group
    }
}

fn number(text: &[u8]) -> Option<u32> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[test]
fn names_and_numbers_find_each_other() {
    let names = Names::parse(b"root:x:0:0:\n\nbroken\nftp:*:55:55:ftp:/:/bin/false\n12:x:7:\n");
    assert_eq!(names.name(0), Some(OsStr::new("root")));
    assert_eq!(names.id(b"ftp"), Some(55));
    assert_eq!(names.id(b"12"), Some(7));
    assert_eq!(names.id(b"13"), Some(13));
    assert_eq!(names.id(b"nobody"), None);
    assert_eq!(names.id(b"-1"), None);
    assert_eq!(names.name(9), None);
    assert_eq!(names.group_of(55), Some(55));
    assert_eq!(names.group_of(7), None);
}
