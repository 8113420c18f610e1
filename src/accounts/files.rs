//! passwd(5), shadow(5) and group(5) as lines of bytes.
//!
//! Files are edited by hand and by scripts: comments, blank lines, lines with too few
//! fields and a missing last newline must all survive a change of one field.

/// One line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: Vec<u8>,
    /// The hash, or `x` when it is in the shadow file.
    pub password: Vec<u8>,
    /// Number of the user.
    pub uid: u32,
    /// Number of the main group.
    pub gid: u32,
    /// Full name and more.
    pub gecos: Vec<u8>,
    /// Where a session begins.
    pub home: Vec<u8>,
    /// What it runs.
    pub shell: Vec<u8>,
}

/// The user of this name.
pub fn user(passwd: &[u8], name: &[u8]) -> Option<User> {
    users(passwd).find(|user| user.name == name)
}

/// The first user with this number.
pub fn user_by_number(passwd: &[u8], uid: u32) -> Option<User> {
    users(passwd).find(|user| user.uid == uid)
}

/// Every well-formed line.
pub fn users(passwd: &[u8]) -> impl Iterator<Item = User> {
    passwd.split(|&b| b == b'\n').filter_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let mut next = || fields.next().map(<[u8]>::to_vec);
        let (name, password, uid, gid) = (next()?, next()?, next()?, next()?);
        let (gecos, home, shell) = (next()?, next()?, next().unwrap_or_default());
        Some(User {
            name: Some(name).filter(|name| !name.is_empty())?,
            password,
            uid: number(&uid)?,
            gid: number(&gid)?,
            gecos,
            home,
            shell,
        })
    })
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The numbers of the groups that list this user as a member.
pub fn groups_of(group: &[u8], name: &[u8]) -> Vec<u32> {
    let lines = group.split(|&b| b == b'\n');
    let found = lines.filter_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let gid = number(fields.nth(2)?)?;
        let mut members = fields.next()?.split(|&b| b == b',');
        members.any(|member| member == name).then_some(gid)
    });
    found.collect()
}

/// A field of the line that begins with `name:`; field 0 is the name.
pub fn field<'a>(file: &'a [u8], name: &[u8], number: usize) -> Option<&'a [u8]> {
    let mut lines = file.split(|&b| b == b'\n');
    let line = lines.find(|line| is_line_of(line, name))?;
    line.split(|&b| b == b':').nth(number)
}

fn is_line_of(line: &[u8], name: &[u8]) -> bool {
    line.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(b":"))
}

/// The file with these fields of one line replaced; None where no line has the name.
/// Missing fields are added empty. Every other byte stays.
pub fn with_fields(file: &[u8], name: &[u8], changes: &[(usize, &[u8])]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(file.len() + 128);
    let mut changed = false;
    for (number, line) in file.split(|&b| b == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        // Only the first line of a name counts, for every reader.
        if changed || name.is_empty() || !is_line_of(line, name) {
            out.extend_from_slice(line);
            continue;
        }
        changed = true;
        let mut fields: Vec<&[u8]> = line.split(|&b| b == b':').collect();
        for (at, value) in changes {
            if fields.len() <= *at {
                fields.resize(at + 1, b"");
            }
            if let Some(field) = fields.get_mut(*at) {
                *field = value;
            }
        }
        out.extend_from_slice(&fields.join(&b':'));
    }
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"# people\n\nroot:x:0:0:root:/root:/bin/ash\nrootkit:x:1:1::/:\nbroken:line\nann:x:1000:100:Ann \xff:/home/ann:/bin/ash";

    #[test]
    fn users_are_found_by_name_and_number() {
        let ann = user(PASSWD, b"ann").unwrap();
        assert_eq!((ann.uid, ann.gid), (1000, 100));
        assert_eq!(ann.gecos, b"Ann \xff");
        assert_eq!(user_by_number(PASSWD, 0).unwrap().name, b"root");
        assert_eq!(user(PASSWD, b"broken"), None);
        assert_eq!(user(PASSWD, b""), None);
        assert_eq!(user(PASSWD, b"roo"), None);
    }

    #[test]
    fn groups_list_their_members() {
        let group = b"root:x:0:\nwheel:x:10:root,ann\nusers:x:100:annabel\n";
        assert_eq!(groups_of(group, b"ann"), [10]);
    }

    #[test]
    fn a_change_touches_one_line_and_no_other_byte() {
        let check = |file: &[u8], name: &[u8], expected: Option<&[u8]>| {
            let changed = with_fields(file, name, &[(1, b"H"), (2, b"9")]);
            assert_eq!(changed.as_deref(), expected);
        };
        check(b"a:b:c:d\n", b"a", Some(b"a:H:9:d\n"));
        check(b"#\n\na:\n a:b\n", b"a", Some(b"#\n\na:H:9\n a:b\n"));
        check(b"x:y\na:b\na:c", b"a", Some(b"x:y\na:H:9\na:c"));
        check(b"\xff:1:2\r\na:b:c\r", b"a", Some(b"\xff:1:2\r\na:H:9"));
        check(b"ab:c\n", b"a", None);
        check(b":c\n", b"", None);
    }

    #[test]
    fn no_file_brings_the_parsers_down_and_lines_of_others_survive() {
        let mut seed = 0x1234_5677_u32;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed as usize % below
        };
        for _ in 0..5000 {
            let mut file = PASSWD.to_vec();
            for _ in 0..random(8) {
                let at = random(file.len());
                match random(3) {
                    0 => file[at] = random(256) as u8,
                    1 => drop(file.remove(at)),
                    _ => file.insert(at, b":\n\0r"[random(4)]),
                }
            }
            let _ = (users(&file).count(), groups_of(&file, b"ann"));
            let Some(changed) = with_fields(&file, b"root", &[(1, b"HASH")]) else {
                continue;
            };
            let old: Vec<_> = file.split(|&b| b == b'\n').collect();
            let new: Vec<_> = changed.split(|&b| b == b'\n').collect();
            assert_eq!(old.len(), new.len());
            assert_eq!(old.iter().zip(&new).filter(|(a, b)| a != b).count(), 1);
            assert_eq!(field(&changed, b"root", 1), Some(&b"HASH"[..]));
        }
    }
}
