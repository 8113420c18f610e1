# positional parameters

shift 4; echo $?
#> 1

set -- x y; shift 2; echo $#
#> 0

set -- a b; echo "x$*y" "x$@y"
#> xa by xa by
