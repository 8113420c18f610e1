# positional parameters

set -- -a -b; getopts ab: o; echo $o; getopts ab: o; echo $? $o
#> a
#> 0 ?

set a b c; shift; echo $@; set --; echo $#
#> b c
#> 0

x='a b'; set -- $x; echo $#; set -- "$x"; echo $#
#> 2
#> 1

set -- "" ""; echo $#; set -- "$@"; echo $#; set -- $@; echo $#
#> 2
#> 2
#> 0

set --; set -- "$@"; echo $#; set -- "$@" x; echo $#; set -- a"$@"b; echo $# $1
#> 0
#> 1
#> 1 axb

set -- a b c; shift 2; echo $*; shift; echo $#
#> c
#> 0

set -- a; shift -1 2>/dev/null; echo no
#= 2
