# arithmetic

echo $((1/0)); echo x
#= 2

set -- -abfoo -c x; while getopts ab:c o; do echo $o $OPTARG; done; shift $((OPTIND-1)); echo $@
#> a
#> b foo
#> c
#> x

echo $(( 0x1F + 010 )) $((9223372036854775807 + 1))
#> 39 -9223372036854775808

echo "$((1+1))" `echo hi`
#> 2 hi

x=3; echo $((x)) $(($x)) $((x+=2)) $x $((x*x)) $((-x))
#> 3 3 5 5 25 -5

i=0; while [ $i -lt 5 ]; do i=$((i+1)); done; echo $i
#> 5

echo $(( 1 ? 2 : 3 )) $(( 0 ? 2 : 3 ))
#> 2 3

echo $(( 3 > 2 ? 10 : 20 )) $(( 5 % 3 ))
#> 10 2

until [ "${n:-0}" -ge 3 ]; do n=$((${n:-0}+1)); done; echo $n
#> 3
