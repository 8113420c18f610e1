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

set -u; echo $((nope=1)) $nope; echo $((nosuch)); echo no
#! POSIX wants an error here for what is not set
#> 1 1
#= 2

set -u; echo $((nope+=1)); echo no
#! POSIX wants an error here for what is not set
#= 2

echo $((echo a) | cat) $((echo b); echo c)
#! what is no expression is a command substitution by the standard
#> a b c

echo $(( "1" + 2 )) $(("3"))
#! a leading quote makes it an error there
#> 3 3

x=1+2; echo $((x)) $((x*2)) $(($x*2))
#> 3 6 5

x='3 + 4'; echo $((x)) $(($x))
#> 7 7

a=b; b=5; echo $((a)) $((a+1))
#> 5 6

echo $((9223372036854775807)) $((-9223372036854775808)) $((9223372036854775807+1)) $((-9223372036854775807-2))
#> 9223372036854775807 -9223372036854775808 -9223372036854775808 9223372036854775807

echo $((-9223372036854775808/-1)) $((-9223372036854775808%-1))
#> -9223372036854775808 0

x=1; echo $((x,2)) $((x=5,x+1)) $x
#> 2 6 5

i=5; echo $((i++)) $i $((++i)) $i $((i--)) $i $((--i)) $i
#> 5 6 7 7 7 6 5 5

i=5; echo $((i+++1)) $i; echo $((i---1)) $i; echo $((- -i)) $((+ +i)) 
#> 6 6
#> 5 5
#> 5 5

echo $((-2**2)) $((2**3**2)) $((2*3**2))
#> 4 512 18

echo $((1 ? 2 : 3, 4)) $((x = 1 ? 7 : 8)) $x
#> 4 7 7

echo $((0x7fffffffffffffff)) $((0xffffffffffffffff)) $((0x10000000000000000))
#> 9223372036854775807 -1 0

echo $((16#ff)) $((2#101)) $((8#17)) $((36#z)) $((64#_))
#> 255 5 15 35 63

echo $((10#08)) 2>/dev/null; echo $?
#> 8
#> 0
