//! Who gets in, and by which way.

use crate::server::{PASSWORD, SECRET, Server, has, run, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// What the client printed, or `refused`.
fn shown(command: &mut Command) -> String {
    let output = run(command);
    match output.status.code() {
        Some(0) => text(&output.stdout).trim_end().to_owned(),
        _ => "refused".to_owned(),
    }
}

#[test]
fn root_logs_in_without_a_password_only_while_there_is_none() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let try_root = || shown(server.ssh("root").arg("echo in"));
    assert_eq!(try_root(), "in");
    assert!(
        server
            .log()
            .contains("Auth succeeded with blank password for 'root' from 127.0.0.1:")
    );
    server.set_shadow("root:!:1::::::\nann::1::::::\n");
    assert_eq!(try_root(), "refused");
    assert_eq!(shown(server.ssh("ann").arg("echo in")), "refused");
    assert_eq!(shown(server.ssh("nobody").arg("echo in")), "refused");
    // Not even by the password that there is not.
    assert_eq!(shown(server.ssh_with("ann", "").arg("echo in")), "refused");
    server.set_shadow("root::1::::::\n");
    assert_eq!(try_root(), "in");
}

#[test]
fn a_password_opens_and_a_wrong_one_does_not() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.set_shadow(&format!("root:{SECRET}:1::::::\nann:{SECRET}:1::::::\n"));
    let try_with = |user: &str, password: &str| {
        shown(
            server
                .ssh_with(user, password)
                .arg("echo $USER $(pwd) $(ls -ldn . | cut -d' ' -f1)"),
        )
    };
    assert_eq!(try_with("root", PASSWORD), "root /root drwxr-xr-x");
    assert_eq!(try_with("ann", PASSWORD), "ann /home/ann drwxr-xr-x");
    for (user, password) in [("root", "wrong"), ("ann", ""), ("nobody", PASSWORD)] {
        assert_eq!(try_with(user, password), "refused", "{user} {password}");
    }
    assert!(
        server
            .log()
            .contains("Bad password attempt for 'nobody' from 127.0.0.1:")
    );
    if has("dbclient") {
        let try_with = |password: &str| shown(server.dbclient("ann", password).arg("echo in"));
        assert_eq!(try_with(PASSWORD), "in");
        assert_eq!(try_with("wrong"), "refused");
    }
}

#[test]
fn somebody_who_is_not_root_has_no_more_rights_than_that() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let script = "echo x >/etc/passwd; echo x >~/own && cat ~/own";
    let output = run(server.ssh_with("ann", PASSWORD).arg(script));
    assert_eq!(text(&output.stdout), "x\n");
    assert!(text(&output.stderr).contains("ermission denied"));
}

#[test]
fn a_key_opens_and_what_its_line_says_holds() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.set_shadow(&format!("root:{SECRET}:1::::::\nann:{SECRET}:1::::::\n"));
    let (private, public) = server.key("key");
    let try_with = |user: &str, arguments: &[&str]| {
        let mut ssh = server.ssh(user);
        ssh.arg("-i").arg(&private).args(arguments);
        shown(&mut ssh)
    };
    assert_eq!(try_with("root", &["echo in"]), "refused");
    for user in ["root", "ann"] {
        server.authorize(user, &public);
        assert_eq!(try_with(user, &["echo in"]), "in");
    }
    assert!(
        server
            .log()
            .contains("Pubkey auth succeeded for 'root' with ssh-ed25519 key SHA256:")
    );
    server.authorize(
        "root",
        &format!("command=\"echo $SSH_ORIGINAL_COMMAND forced\" {public}"),
    );
    assert_eq!(try_with("root", &["asked"]), "asked forced");
    server.authorize("root", &format!("from=\"10.0.0.0/8\" {public}"));
    assert_eq!(try_with("root", &["echo in"]), "refused");
    server.authorize("root", &format!("from=\"127.0.0.0/8\" {public}"));
    assert_eq!(try_with("root", &["echo in"]), "in");
    server.authorize("root", &format!("restrict {public}"));
    assert_eq!(
        try_with("root", &["-tt", "echo in; test -t 0 && echo terminal"]),
        "refused"
    );
    server.authorize("root", &format!("nosuch-option {public}"));
    assert_eq!(try_with("root", &["echo in"]), "refused");
}

#[test]
fn keys_of_other_kinds_are_in_nobodys_way() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.set_shadow(&format!("root:{SECRET}:1::::::\n"));
    let mut lines = String::new();
    let mut ssh = server.ssh("root");
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "521"), ("ecdsa", "256")] {
        let path = server.dir.path().join(format!("{kind}{bits}"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-N", "", "-f"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        lines += &fs::read_to_string(path.with_extension("pub")).unwrap();
        ssh.arg("-i").arg(path);
    }
    server.authorize("root", &lines);
    assert_eq!(shown(ssh.arg("echo in")), "in");
    assert!(
        server.log().contains("with ecdsa-sha2-nistp521 key"),
        "{}",
        server.log()
    );
}

#[test]
fn keys_that_others_can_write_to_are_not_trusted() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.set_shadow(&format!("root:{SECRET}:1::::::\n"));
    let (private, public) = server.key("key");
    server.authorize("root", &public);
    let folder = server.root.join("etc/dropbear");
    let file = folder.join("authorized_keys");
    let try_it = || shown(server.ssh("root").arg("-i").arg(&private).arg("echo in"));
    let mode = |path: &std::path::Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_eq!(try_it(), "in");
    mode(&file, 0o666);
    assert_eq!(try_it(), "refused");
    mode(&file, 0o600);
    mode(&folder, 0o777);
    assert_eq!(try_it(), "refused");
    mode(&folder, 0o755);
    std::os::unix::fs::chown(&file, Some(1000), None).unwrap();
    assert_eq!(try_it(), "refused");
    assert!(server.log().contains("chmod go-w"), "{}", server.log());
}

#[test]
fn the_command_line_says_who_may_come() {
    let check = |options: &[&str], expected: [&str; 3]| {
        let Some(server) = Server::start(options) else {
            return;
        };
        server.set_shadow(&format!("root::1::::::\nann:{SECRET}:1::::::\n"));
        let found = [
            shown(server.ssh("root").arg("echo in")),
            shown(server.ssh_with("ann", PASSWORD).arg("echo in")),
            {
                server.set_shadow(&format!("root:{SECRET}:1::::::\nann::1::::::\n"));
                shown(server.ssh("ann").arg("echo in"))
            },
        ];
        assert_eq!(found, expected, "{options:?}");
    };
    check(&[], ["in", "in", "refused"]);
    check(&["-B"], ["in", "in", "in"]);
    check(&["-g"], ["refused", "in", "refused"]);
    check(&["-s"], ["refused", "refused", "refused"]);
    check(&["-w"], ["refused", "in", "refused"]);
    check(&["-G", "wheel"], ["in", "refused", "refused"]);
}

#[test]
fn with_two_factors_neither_key_nor_password_is_enough() {
    let Some(server) = Server::start(&["-t"]) else {
        return;
    };
    let (private, public) = server.key("key");
    server.authorize("ann", &public);
    let only = |which: &str| format!("PreferredAuthentications={which}");
    let try_with = |methods: &str| {
        let mut ssh = server.ssh_with("ann", PASSWORD);
        ssh.args(["-o", &only(methods)]).arg("-i").arg(&private);
        shown(ssh.arg("echo in"))
    };
    assert_eq!(try_with("publickey,password"), "in");
    assert_eq!(try_with("password,publickey"), "in");
    assert_eq!(try_with("publickey"), "refused");
    assert_eq!(try_with("password"), "refused");
}

#[test]
fn tries_are_counted_and_offered_keys_are_none() {
    let Some(server) = Server::start(&["-T", "1"]) else {
        return;
    };
    let keys: Vec<_> = (0..4).map(|n| server.key(&format!("key{n}"))).collect();
    server.authorize("ann", &keys[3].1);
    let mut ssh = server.ssh("ann");
    for (private, _) in &keys {
        ssh.arg("-i").arg(private);
    }
    assert_eq!(shown(ssh.arg("echo in")), "in");
    let mut ssh = server.ssh_with("ann", "wrong");
    ssh.args(["-o", "NumberOfPasswordPrompts=3", "echo in"]);
    assert_eq!(shown(&mut ssh), "refused");
    let bad = server.log().matches("Bad password attempt").count();
    assert_eq!(bad, 1, "{}", server.log());
}

#[test]
fn a_banner_is_shown_before_the_login() {
    let prepare = |root: &std::path::Path| fs::write(root.join("etc/issue"), "Beware\n").unwrap();
    let Some(server) = Server::start_after(prepare, &["-b", "/etc/issue"]) else {
        return;
    };
    let output = run(server.ssh_telling("INFO", "root").arg("true"));
    assert!(
        text(&output.stderr).contains("Beware"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn host_keys_are_made_once_and_in_failsafe_mode_they_are_in_memory() {
    let scan = |server: &Server| {
        let port = server.address.port().to_string();
        let output = run(Command::new("ssh-keyscan").args(["-p", &port, "127.0.0.1"]));
        let mut lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with('#'));
        lines.sort();
        lines
    };
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let keys = scan(&server);
    assert_eq!(keys.len(), 2, "{keys:?}");
    let files = |server: &Server, folder: &str| {
        let names = ["ed25519", "ecdsa"].map(|word| server.root.join(folder.replace("KIND", word)));
        names.iter().all(|name| name.exists())
    };
    assert!(files(&server, "etc/dropbear/dropbear_KIND_host_key"));
    let mark = |root: &std::path::Path| fs::write(root.join("tmp/.failsafe"), "").unwrap();
    let server = Server::start_after(mark, &[]).unwrap();
    assert_ne!(scan(&server), keys);
    assert!(files(&server, "tmp/dropbear_failsafe_KIND_host_key"));
    assert!(!files(&server, "etc/dropbear/dropbear_KIND_host_key"));
    // What telnet's banner shows is what a client sees.
    let told = fs::read_to_string(server.root.join("tmp/ssh_fingerprints")).unwrap();
    let output = run(server.ssh_telling("DEBUG1", "root").arg("true"));
    let seen = text(&output.stderr);
    let seen = seen.split("Server host key: ").nth(1).unwrap();
    let seen = seen.split_whitespace().nth(1).unwrap();
    assert!(told.contains(seen), "{told} {seen}");
}
