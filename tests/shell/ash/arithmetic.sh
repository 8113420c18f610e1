# arithmetic

echo $((08))
#= 2

x=5; echo $((2**3**2)) $((-2**2)) $((16#fF))
#> 512 4 255

let "a=5" "b=a*2"; echo $a $b; let a--; echo $a; let 0; echo $?
#> 5 10
#> 4
#> 1

echo $((x = 5 , x++ + ++x)) $x
#> 12 7

x=5; echo $((x++)) $((++x)) $((x--)) $((--x)) $x
#> 5 7 7 5 5

x=hello; echo ${x:1:3} ${x:(-3)} ${x:$((1+1))}
#> ell llo llo

x=$(( $(echo 3) + `echo 4` )); echo $x
#> 7

echo $((0x7fffffffffffffff)) $((-1 >> 1))
#> 9223372036854775807 -1

echo $((0x10)) $((0b1)) ; echo no
#= 2

echo $((1,2,3))
#> 3

x=5; : $((x++)); echo $x
#> 6
