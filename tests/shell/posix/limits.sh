# umask, ulimit, times

umask 027; umask o-w,o=u; umask; umask u=rwx,g=u; umask; umask xyz 2>/dev/null; test $? -gt 0 && echo bad; umask
#> 0020
#> 0000
#> bad
#> 0000
