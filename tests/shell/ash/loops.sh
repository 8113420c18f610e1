# loops and choices

for x in; do echo no; done; echo $?
#> 0

set -- 'a b' 'c d'; for i in "$@"; do echo "$i"; done; for i in $*; do echo $i; done
#> a b
#> c d
#> a
#> b
#> c
#> d
