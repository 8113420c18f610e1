//! A process that can compute and nothing else, whatever a script asks it to do.
//!
//! A filter in the kernel refuses to start processes or threads, to signal, to open files
//! or to change a file system. libFuzzer keeps what it needs: the library opens everything
//! close-on-exec and libFuzzer nothing, so files are refused by that flag.

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, O_CLOEXEC,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, c_long, sock_filter, sock_fprog,
};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

/// What a script must not do, whatever its arguments.
const REFUSED: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_setrlimit,
    libc::SYS_rt_sigaction,
    libc::SYS_ptrace,
    libc::SYS_reboot,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_openat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_renameat,
    libc::SYS_renameat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    libc::SYS_linkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    libc::SYS_fchown,
    libc::SYS_fchownat,
];

/// Offsets in the kernel's `struct seccomp_data`.
const NUMBER: u32 = 0;
/// The low half of the third argument: openat's flags, prlimit's new limits.
const THIRD: u32 = 16 + 2 * 8 + if cfg!(target_endian = "big") { 4 } else { 0 };

const REFUSE: u32 = SECCOMP_RET_ERRNO | libc::EPERM as u32;

/// Locks this process in, once and for good.
pub fn lock() {
    static LOCKED: Once = Once::new();
    LOCKED.call_once(|| {
        install(program());
        // An open door is worse than no test.
        assert!(std::fs::File::open("/dev/null").is_err());
        assert!(std::process::Command::new("true").spawn().is_err());
    });
}

/// Has the kernel look at every call from now on.
fn install(mut program: Vec<sock_filter>) {
    let filter = sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the filter lives until the kernel has copied it; both calls only take rights
    // away from this process.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter) == 0
    };
    assert!(done, "no cage: {}", std::io::Error::last_os_error());
}

/// What [`scratch`] does not keep from files elsewhere: modes, owners, times.
const ATTRIBUTES: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    libc::SYS_utimensat,
];

/// The same as [`scratch`] for those who would change modes, owners and times of files by
/// whatever name they are given: nobody's are.
pub fn modest_scratch() -> &'static Path {
    static MODEST: Once = Once::new();
    let scratch = scratch();
    MODEST.call_once(|| {
        let mut program = vec![load(NUMBER)];
        for &number in ATTRIBUTES {
            program.push(unless(number as u32, 1));
            program.push(give(REFUSE));
        }
        program.push(give(SECCOMP_RET_ALLOW));
        install(program);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        assert!(std::fs::set_permissions(scratch, mode).is_err());
    });
    scratch
}

fn program() -> Vec<sock_filter> {
    let mut program = vec![load(NUMBER)];
    for &number in REFUSED {
        program.push(unless(number as u32, 1));
        program.push(give(REFUSE));
    }
    // Limits may be asked for, where no new ones are given.
    program.push(unless(libc::SYS_prlimit64 as u32, 4));
    program.push(load(THIRD));
    program.push(unless(0, 1));
    program.push(give(SECCOMP_RET_ALLOW));
    program.push(give(REFUSE));
    program.push(unless(libc::SYS_openat as u32, 4));
    program.push(load(THIRD));
    program.push(step(BPF_ALU | BPF_AND | BPF_K, 0, 0, O_CLOEXEC as u32));
    program.push(unless(O_CLOEXEC as u32, 1));
    program.push(give(REFUSE));
    program.push(give(SECCOMP_RET_ALLOW));
    program
}

fn load(offset: u32) -> sock_filter {
    step(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
}

/// Skips that many steps if the value is another one.
fn unless(value: u32, skipped: u8) -> sock_filter {
    step(BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, value)
}

fn give(verdict: u32) -> sock_filter {
    step(BPF_RET | BPF_K, 0, 0, verdict)
}

fn step(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

/// What a script may have changed of its process: descriptors, directory, file mode mask.
pub struct Before {
    /// Copies of the descriptors that a script can name; -1 where none was open.
    descriptors: [i32; 10],
    directory: i32,
}

impl Before {
    /// Remembers it, on descriptors that scripts are not likely to hit. libFuzzer's own
    /// standard error is among those kept.
    pub fn now() -> Before {
        /// Above what the shell uses for itself.
        const HIGH: i32 = 700;
        // SAFETY: duplicating and opening descriptors; nothing is closed.
        unsafe {
            let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            libc::dup2(null, 0);
            let directory = libc::open(c".".as_ptr(), libc::O_RDONLY);
            Before {
                descriptors: std::array::from_fn(|fd| libc::fcntl(fd as i32, libc::F_DUPFD, HIGH)),
                directory: libc::fcntl(directory, libc::F_DUPFD, HIGH),
            }
        }
    }

    /// Puts it back.
    pub fn restore(&self) {
        // SAFETY: the descriptors that are closed or replaced are those of the script.
        unsafe {
            for (fd, &copy) in self.descriptors.iter().enumerate() {
                match copy {
                    -1 => libc::close(fd as i32),
                    copy => libc::dup2(copy, fd as i32),
                };
            }
            libc::fchdir(self.directory);
            libc::umask(0o022);
        }
    }
}

/// A directory for this process alone, outside of which it has no right to write any more
/// (but for the folder of the run, where libFuzzer keeps what it finds).
pub fn scratch() -> &'static Path {
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let run = std::env::current_dir().expect("there is a current directory");
        restrict_to(&run);
        assert!(std::fs::write("/tmp/outside-of-the-cage", "").is_err());
        let scratch = run.join(format!("scratch-{}", std::process::id()));
        std::fs::create_dir_all(&scratch).expect("the current directory is ours");
        scratch
    })
}

/// Takes the right to write anywhere but below `dir` (landlock(7)); there, devices may not
/// be made.
fn restrict_to(dir: &Path) {
    /// Bits of `LANDLOCK_ACCESS_FS_*`: write, remove, make, refer, truncate.
    const WRITING: u64 = 0b0111_1111_1111_0010;
    const MAKING_DEVICES: u64 = 1 << 6 | 1 << 11;
    const CREATE_RULESET: c_long = 444;
    const ADD_RULE: c_long = 445;
    const RESTRICT_SELF: c_long = 446;
    const PATH_BENEATH: c_long = 1;
    let dir = std::fs::File::open(dir).expect("the current directory can be opened");
    // `struct landlock_path_beneath_attr` is packed: the rights, then a descriptor.
    let mut beneath = [0_u8; 12];
    beneath[..8].copy_from_slice(&(WRITING & !MAKING_DEVICES).to_ne_bytes());
    beneath[8..].copy_from_slice(&dir.as_raw_fd().to_ne_bytes());
    // SAFETY: the kernel copies both structures; the calls only take rights away.
    let done = unsafe {
        let ruleset = libc::syscall(CREATE_RULESET, &WRITING, size_of::<u64>(), 0);
        ruleset >= 0
            && libc::syscall(ADD_RULE, ruleset, PATH_BENEATH, beneath.as_ptr(), 0) == 0
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::syscall(RESTRICT_SELF, ruleset, 0) == 0
    };
    assert!(done, "no cage: {}", std::io::Error::last_os_error());
}
