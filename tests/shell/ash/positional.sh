# positional parameters

shift 4; echo $?
#> 1

set -- x y; shift 2; echo $#
#> 0

set -- a b; echo "x$*y" "x$@y"
#> xa by xa by

shift; echo $?; set -- a b c; shift; echo $*; shift 0; echo $*; shift 2; echo $#; shift 1; echo $?; set -- a; shift x 2>/dev/null; echo no
#> 1
#> b c
#> b c
#> 0
#> 1
#= 2
