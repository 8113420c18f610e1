# field splitting

IFS=:; x=a::b:; for i in $x; do echo "[$i]"; done
#> [a]
#> []
#> [b]

IFS=; set -- a b; echo $* "$*"; IFS=-; echo "$*" $*
#> a b ab
#> a-b a b

echo "$@" $# $*; set -- 1 2 3; echo "$*" "$@"; IFS=,; echo "$*"
#> 0
#> 1 2 3 1 2 3
#> 1,2,3

IFS=,; x=a,b,c; echo $x; set -- $x; echo $#
#> a b c
#> 3

IFS=' ,'; x='a , b,,c'; set -- $x; echo $#; for i; do echo "[$i]"; done
#> 4
#> [a]
#> [b]
#> []
#> [c]

IFS=x; v=axbxc; set -- $v; echo $#; unset IFS; v='a b'; set -- $v; echo $#
#> 3
#> 2

IFS=:; set -- a b; echo "$*"; x=$*; echo "$x"; unset IFS; echo "$*"
#> a:b
#> a:b
#> a b
