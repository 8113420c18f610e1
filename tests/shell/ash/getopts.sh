# getopts

set -- -a -b x -c y z; while getopts ab:c o; do echo "$o ${OPTARG-unset} $OPTIND"; done; echo $? $o $OPTIND; shift $((OPTIND-1)); echo $*
#! POSIX wants OPTARG unset where there is no argument
#> a unset 2
#> b x 4
#> c unset 5
#> 0 ? 5
#> y z

set -- -abx -cc -b; while getopts ab:c o 2>/dev/null; do echo "$o ${OPTARG-unset}"; done; echo $? $o
#! POSIX wants OPTARG unset where there is no argument
#> a unset
#> b x
#> c unset
#> c unset
#> ? unset
#> 0 ?

f() { local OPTIND=1 o; while getopts xy o -x -y; do echo in $o; done; }; while getopts abc o -ab -c; do echo $o; f; done; g() { local OPTIND o; getopts xy o -yx; echo $o; }; OPTIND=1; getopts ab o -ab; g; getopts ab o -ab; echo $o; unset OPTIND; getopts ab o -ab; echo $o
#! there the rest of a word is lost when a function reads options of its own
#> a
#> in x
#> in y
#> b
#> in x
#> in y
#> c
#> in x
#> in y
#> y
#> b
#> a
