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
