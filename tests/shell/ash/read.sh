# read

read -t 0 x; echo $?
#> 0

printf 'abcdef' | { read -n 3 x; echo $x; read -n 2 y; echo $y; }
#> abc
#> de

printf 'a:b' | { read -d : x; echo $x; }
#> a

echo foo | { read; echo $REPLY; }
#> foo

printf 'x\0y' | { read v; echo $v; }
#> xy

echo 'a\tb\\c\' | { read x; echo "$x"; }; echo 'a\tb\\c' | { read -r x; echo "$x"; }; printf 'a\\\nb\n' | { read x; echo "$x"; }; printf 'a\\\nb\n' | { read -r x; echo "$x"; }
#> atb\c
#> a\tb\\c
#> ab
#> a\

read -p 'prompt' x 2>/dev/null </dev/null; echo $?; echo abc | { read -n 2 x; echo $x; }; echo abc | { read -n 10 x; echo $x; }; echo 'a b c' | { read -n 3 x y; echo "$x|$y"; }; printf 'ab' | { read -n 3 x; echo $? $x; }
#> 1
#> ab
#> abc
#> a|b
#> 1 ab

printf 'a:b:' | { read -d : x; read -d : y; echo $x $y; read -d : z; echo $?; }; printf 'a b\nc:' | { read -d : x; echo "$x"; }; printf 'a\0b\0' | { read -d '' x; echo $x; read -d '' x; echo $x; }
#> a b
#> 1
#> a b
#> c
#> a
#> b

exec 5<<X; read -u 5 x; echo $x
from5
X
#> from5

read -Z x 2>/dev/null; echo $?; read -t x y 2>/dev/null </dev/null; echo $?; read -n x y 2>/dev/null </dev/null; echo $?; read -u 99 y 2>/dev/null; echo $?
#> 2
#> 2
#> 2
#> 1

printf 'a b\nc\n' | { read -s x y; echo "$y$x"; read -sn 1 z; echo $z; }
#> ba
#> c
