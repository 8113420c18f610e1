# getopts

getopts 2>/dev/null; test $? -gt 0 && echo usage; getopts a 2>/dev/null; test $? -gt 0 && echo usage; readonly o=1; (getopts a o -a) 2>/dev/null; test $? -gt 0 && echo readonly
#> usage
#> usage
#> readonly

while getopts ab:c o; do echo "$o ${OPTARG-unset} $OPTIND"; done; echo $? $o $OPTIND
#> 0 ? 1

set -- -a -- -b; while getopts ab o; do echo $o; done; shift $((OPTIND-1)); echo $*; set -- -a - -b; OPTIND=1; while getopts ab o; do echo $o; done; shift $((OPTIND-1)); echo $*
#> a
#> -b
#> a
#> - -b

f() { OPTIND=1; while getopts x:y o; do echo $o $OPTARG; done; }; f -y -x 1; f -x2 -y rest; f; echo $OPTIND
#> y
#> x 1
#> x 2
#> y
#> 1

set -- -a; getopts b o -b; echo $o; getopts b o -b; echo $? $o; OPTIND=1; getopts b: o -b val; echo $o $OPTARG
#> b
#> 1 ?
#> b val

f() { local OPTIND=1 o; while getopts ab o; do echo f$o; done; }; set -- -x -y; while getopts xy o; do echo $o; f -a -b; done
#> x
#> fa
#> fb
#> y
#> fa
#> fb

set -- -ab; getopts ab o; echo $o; OPTIND=1; getopts ab o; echo $o; getopts ab o; echo $o; getopts ab o; echo $? $OPTIND
#> a
#> a
#> b
#> 1 2

getopts 2>/dev/null; echo $?; getopts a 2>/dev/null; echo $?; OPTERR=0; getopts a o -x; echo $? $o; getopts 'a:' o -a 2>/dev/null; echo $o
#> 2
#> 2
#> 0 ?
#> ?
