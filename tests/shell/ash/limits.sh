# umask, ulimit, times

umask 022; umask; umask -S; umask 77; umask; umask u=rwx,g=rx,o=; umask; umask -S; umask a+w; umask; umask g-r; umask; umask =; umask; umask u+x,go=r; umask -S; umask 0; umask; umask 8 2>/dev/null; echo $?; umask xyz 2>/dev/null; echo $?; umask 7777; umask
#> 0022
#> u=rwx,g=rx,o=rx
#> 0077
#> 0027
#> u=rwx,g=rx,o=
#> 0005
#> 0045
#> 0777
#> u=x,g=r,o=r
#> 0000
#> 2
#> 2
#> 0000

ulimit -n 8; echo a >f; cat f; exec 3>g; { echo b; } >&3 2>&1; cat g; exec 3>&-; echo c >&-; echo d
#! there the limit costs standard output
#> a
#> b
#> d

ulimit -n 4; { echo a >f; } 2>/dev/null; echo $?; echo b >&-; echo c
#! there the limit costs standard output
#> 1
#> c
