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
