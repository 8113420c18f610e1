//! Who may enter, given the account files as they are at that moment.

use crate::accounts::crypt;
use crate::accounts::files::{self, User};

/// Longer names and passwords are nobody's.
const LONGEST: usize = 100;

/// What the command line says about logins.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `-B`: every account without a password may enter without one, not just root.
    pub blank_for_all: bool,
    /// `-s`: no login by password.
    pub no_passwords: bool,
    /// `-g`: no login of root by password, and none without.
    pub no_root_password: bool,
    /// `-w`: no login of root.
    pub no_root: bool,
    /// `-G`: members of this group only.
    pub group: Option<Vec<u8>>,
}

/// The account files.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// `/etc/passwd`
    pub passwd: Vec<u8>,
    /// `/etc/shadow`
    pub shadow: Vec<u8>,
    /// `/etc/group`
    pub group: Vec<u8>,
    /// `/etc/shells`; empty where there is none.
    pub shells: Vec<u8>,
}

impl Books {
    /// The account, if it may enter at all; by which way is another question.
    pub fn entitled(&self, policy: &Policy, name: &str) -> Option<User> {
        if name.len() > LONGEST {
            return None;
        }
        let mut user = files::user(&self.passwd, name.as_bytes())?;
        if user.shell.is_empty() {
            user.shell = b"/bin/sh".to_vec();
        }
        let is_root = user.uid == 0;
        let may = self.is_login_shell(&user.shell)
            && !(is_root && policy.no_root)
            && self.is_member(policy, &user);
        may.then_some(user)
    }

    fn is_login_shell(&self, shell: &[u8]) -> bool {
        if self.shells.is_empty() {
            return matches!(shell, b"/bin/ash" | b"/bin/sh");
        }
        let mut lines = self.shells.split(|&b| b == b'\n');
        lines.any(|line| line.trim_ascii() == shell)
    }

    fn is_member(&self, policy: &Policy, user: &User) -> bool {
        let Some(wanted) = &policy.group else {
            return true;
        };
        let number = files::field(&self.group, wanted, 2);
        let number = number.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u32>().ok());
        number.is_some_and(|number| {
            user.gid == number || files::groups_of(&self.group, &user.name).contains(&number)
        })
    }

    fn hash(&self, user: &User) -> Vec<u8> {
        match files::field(&self.shadow, &user.name, 1) {
            Some(hash) => hash.to_vec(),
            None => user.password.clone(),
        }
    }

    /// Who enters without anything: an account that has no password.
    pub fn without_password(&self, policy: &Policy, name: &str) -> Option<User> {
        let user = self.entitled(policy, name)?;
        let is_root = user.name == b"root" && user.uid == 0;
        let may = is_root || policy.blank_for_all;
        let forbidden = policy.no_passwords || (user.uid == 0 && policy.no_root_password);
        (may && !forbidden && self.hash(&user).is_empty()).then_some(user)
    }

    /// Who enters with this password. An account without one is not entered this way: a
    /// password that is wrong everywhere must be wrong there, too.
    ///
    /// Whatever is wrong, a hash is computed, so that the time tells nothing.
    pub fn with_password(&self, policy: &Policy, name: &str, password: &str) -> Option<User> {
        let user = self.entitled(policy, name);
        let hash = user.as_ref().map(|user| self.hash(user));
        let is_hash = |hash: &Vec<u8>| hash.starts_with(b"$");
        let (hash, real) = match hash.filter(is_hash) {
            Some(hash) => (hash, true),
            None => (DUMMY.to_vec(), false),
        };
        let fits = password.len() <= LONGEST && crypt::verify(password.as_bytes(), &hash);
        let user = user?;
        let forbidden = policy.no_passwords || (user.uid == 0 && policy.no_root_password);
        (fits && real && !forbidden).then_some(user)
    }
}

/// Takes as long as a real one. That of a password that nobody knows.
const DUMMY: &[u8] = b"$5$saltsaltsaltsalt$0000000000000000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    fn books(shadow: &str) -> Books {
        Books {
            passwd: b"root:x:0:0:root:/root:/bin/ash\n\
                toor:x:0:0::/root:/bin/ash\n\
                ann:x:1000:100:Ann:/home/ann:/bin/ash\n\
                old:$1$abcdefgh$fW3178yKPY70TFejaM1Fv.:5:5::/:\n\
                daemon:*:1:1:daemon:/var:/bin/false\n"
                .to_vec(),
            shadow: shadow.as_bytes().to_vec(),
            group: b"users:x:100:\nwheel:x:10:root\n".to_vec(),
            shells: b"/bin/ash\n/bin/sh\n".to_vec(),
        }
    }

    const PASSWORD: &str = "a much longer password than sixteen bytes";

    #[test]
    fn root_enters_without_a_password_only_while_there_is_none() {
        let check = |shadow: &str, name: &str, policy: Policy| {
            books(shadow).without_password(&policy, name).is_some()
        };
        let usual = Policy::default;
        assert!(check("root::1::::::\n", "root", usual()));
        assert!(!check("root:!:1::::::\n", "root", usual()));
        assert!(!check("root:$1$x:1::::::\n", "root", usual()));
        // Without a line in shadow the hash is in passwd, and there is an x.
        assert!(!check("", "root", usual()));
        assert!(!check("ann::1::::::\ntoor::\n", "ann", usual()));
        assert!(!check("ann::1::::::\ntoor::\n", "toor", usual()));
        assert!(!check("daemon::1::::::\n", "daemon", usual()));
        let all = || Policy {
            blank_for_all: true,
            ..usual()
        };
        assert!(check("ann::1::::::\n", "ann", all()));
        assert!(!check("daemon::1::::::\n", "daemon", all()));
        for forbidding in [
            Policy {
                no_passwords: true,
                ..all()
            },
            Policy {
                no_root_password: true,
                ..all()
            },
            Policy {
                no_root: true,
                ..all()
            },
            Policy {
                group: Some(b"users".to_vec()),
                ..all()
            },
        ] {
            assert!(!check("root::1::::::\n", "root", forbidding));
        }
    }

    #[test]
    fn a_password_fits_its_account_and_no_other() {
        let hash = "$1$abcdefgh$fW3178yKPY70TFejaM1Fv.";
        let books = books(&format!("root:{hash}:1::::::\nann::1::::::\n"));
        let check = |name: &str, password: &str, policy: Policy| {
            let user = books.with_password(&policy, name, password);
            user.map(|user| String::from_utf8(user.name).unwrap())
        };
        let usual = Policy::default;
        assert_eq!(check("root", PASSWORD, usual()).as_deref(), Some("root"));
        assert_eq!(check("old", PASSWORD, usual()).as_deref(), Some("old"));
        for (name, password) in [
            ("root", "wrong"),
            ("root", ""),
            ("ann", ""),
            ("ann", PASSWORD),
            ("nobody", PASSWORD),
            ("daemon", PASSWORD),
        ] {
            assert_eq!(check(name, password, usual()), None, "{name} {password}");
        }
        let no_root = Policy {
            no_root_password: true,
            ..usual()
        };
        assert_eq!(check("root", PASSWORD, no_root.clone()), None);
        assert_eq!(check("old", PASSWORD, no_root).as_deref(), Some("old"));
    }

    #[test]
    fn a_group_lets_its_members_in() {
        let policy = |group: &str| Policy {
            group: Some(group.as_bytes().to_vec()),
            ..Policy::default()
        };
        let may = |name: &str, group: &str| books("").entitled(&policy(group), name).is_some();
        assert!(may("ann", "users") && !may("ann", "wheel"));
        assert!(may("root", "wheel") && !may("root", "nosuch"));
    }

    #[test]
    fn without_a_list_of_shells_the_usual_ones_count() {
        let mut books = books("");
        books.shells.clear();
        assert!(books.entitled(&Policy::default(), "root").is_some());
        assert!(books.entitled(&Policy::default(), "daemon").is_none());
    }
}
