# background commands and wait

false & wait $!; echo $?
#> 1

for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done
#> 1
#> 3

true && ! true || echo no
#> no

for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done
#> 1a
#> 2a

echo $((1+2*3)) $(( (1+2)*3 )) $((10/3)) $((10%3)) $((-7/2)) $((1==1)) $((1!=1)) $((2>1 && 1>2))
#> 7 9 3 1 -3 1 0 0

wait 99999; echo $?
#> 127

false || false || echo third; true && true && echo all
#> third
#> all

echo one; echo two & wait; echo three
#> one
#> two
#> three

i=10; while [ $i -gt 0 ]; do i=$((i-3)); [ $i -eq 4 ] && continue; echo $i; done
#> 7
#> 1
#> -2

pwd -P >/dev/null; echo $?; (cd /tmp && pwd -L)
#> 0
#> /tmp

[ 1 -lt 2 ] && [ 2 -ge 2 ] && [ a != b ] && echo y
#> y

false & wait; echo $?; (exit 3) & p=$!; (exit 4) & q=$!; wait $p $q; echo $?; sleep 5 & kill $!; wait $! 2>/dev/null; echo $?; sleep 5 & kill -9 $!; wait $! 2>/dev/null; echo $?
#> 0
#> 4
#> 143
#> 137
