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
