//! Which pending changes are part of the file already.
//!
//! `commit` gives the new file its name, then empties the file of changes. Where the process is
//! killed in between, the changes must not be carried out once more: an added section would be
//! there twice. So before the new file gets its name a comment behind the changes names its
//! inode: if that is the file of the configuration, everything before the comment is in it. The
//! mark goes when the changes go, and to other programs it is a comment.

/// The mark for a file with this inode.
pub fn line(inode: u64) -> Vec<u8> {
    format!("#committed {inode}\n").into_bytes()
}

/// Whether a mark stands between two changes: `gap` has whole lines, no words of a change.
pub fn is_in(gap: &[u8], mark: &[u8]) -> bool {
    gap.split_inclusive(|&byte| byte == b'\n')
        .any(|line| line == mark)
}
