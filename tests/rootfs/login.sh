# who gets a shell without being asked

printf '#!/bin/sh\necho "shell $* $USER"\n' >shell; printf '#!/bin/sh\necho asked\n' >login; chmod +x shell login
login() { LOGIN_SHELL="$PWD/shell" PATH="$PWD:$PATH" sh usr/libexec/login.sh "$@"; echo "= $?"; }
login telnet; login
#>  === IMPORTANT ============================
#>   Use 'passwd' to set your login password
#>   this will disable telnet and enable SSH
#>  ------------------------------------------
#> shell --login root
#> = 0
#>  === IMPORTANT ============================
#>   Use 'passwd' to set your login password
#>   this will disable telnet and enable SSH
#>  ------------------------------------------
#> shell --login root
#> = 0

printf '#!/bin/sh\necho "shell"\n' >shell; printf '#!/bin/sh\necho asked\n' >login; chmod +x shell login
login() { LOGIN_SHELL="$PWD/shell" PATH="$PWD:$PATH" sh usr/libexec/login.sh "$@"; echo "= $?"; }
echo 'root:$1$a$b:0:0:99999:7:::' >etc/shadow; login telnet; login; uci set system.@system[0].ttylogin=1; login; login telnet
uci set system.@system[0].ttylogin=0; login; : >tmp/.failsafe; uci set system.@system[0].ttylogin=1; login | grep -v '[-=]'; login telnet | grep -v '[-=]'
#> Login failed.
#> = 0
#> shell
#> = 0
#> asked
#> = 0
#> Login failed.
#> = 0
#> shell
#> = 0
#>   Use 'passwd' to set your login password
#>   this will disable telnet and enable SSH
#> shell
#>   Use 'passwd' to set your login password
#>   this will disable telnet and enable SSH
#> shell
#! the login that it starts is always its own

. lib/functions/password.sh
check() { root_has_password && echo yes || echo no; }
check; for hash in '' '!' x '*' '$1$a$b' '!$1$a$b' '?'; do echo "root:$hash:0:0:99999:7:::" >etc/shadow; check; done
echo 'root::0:0:99999:7:::' >etc/shadow; echo 'root:$1$a$b:0:0:root:/root:/bin/ash' >etc/passwd; check; rm etc/passwd etc/shadow; check
echo 'rooty:$1$a$b:0:0:99999:7:::' >etc/shadow; check; printf 'root:::\nroot:hash:::' >etc/shadow; check
#> no
#> no
#> no
#> no
#> yes
#> yes
#> yes
#> yes
#> yes
#> no
#> no
#> yes
