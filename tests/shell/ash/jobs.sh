# background commands and wait

[[ a == a && b == b ]] && echo y
#> y

wait -n; echo $?
#> 127

sleep 0.1 & wait $!; echo $?
#> 0

test -n "" -o -n a && echo ok
#> ok

[ ! -f /nope ] && echo ok
#> ok

true & wait; echo $?
#> 0

[[ 3 -gt 2 && -d / ]] && echo y
#> y

f() { local x=$1; shift; [ $# -gt 0 ] && f "$@"; echo $x; }; f 1 2 3
#> 3
#> 2
#> 1
