# read

{ echo a; echo b; } | while read x; do echo "<$x>"; done
#> <a>
#> <b>

read x </dev/null; echo $? "[$x]"
#> 1 []

printf 'a' | { read x; echo $? $x; }
#> 1 a

printf 'a b\nc\n' | { read x; cat; }
#> c

printf '%s' 'no newline' | { read x; echo "$? $x"; }
#> 1 no newline

{ echo 1; echo 2; } | { read a; read b; echo $b $a; }
#> 2 1

readonly r=1; echo x | { read r 2>/dev/null; test $? -gt 0 && echo goes on; }; echo y | { read a r b 2>/dev/null; test $? -gt 0 && echo goes on; }
#> goes on
#> goes on

echo a b c | { read x; echo "$x"; }; echo a b c | { read x y; echo "$x|$y"; }; echo '  a  b  ' | { read x; echo "[$x]"; }; echo '  a  b  ' | { read x y; echo "[$x][$y]"; }
#> a b c
#> a|b c
#> [a  b]
#> [a][b]

echo 'a\ b c' | { read x y; echo "$x|$y"; }; echo 'a\ b c' | { read -r x y; echo "$x|$y"; }
#> a b|c
#> a\|b c

echo a:b:c | { IFS=: read x y; echo "$x|$y"; }; echo a:b: | { IFS=: read x y; echo "$x|$y"; }; echo a:b:c: | { IFS=: read x y; echo "$x|$y"; }; echo a:: | { IFS=: read x y; echo "$x|$y"; }; echo ::a | { IFS=: read x y z; echo "$x|$y|$z"; }
#> a|b:c
#> a|b
#> a|b:c:
#> a|
#> ||a

echo ' a : b : c ' | { IFS=' :' read x y z; echo "$x|$y|$z"; }; echo ' a : b : ' | { IFS=' :' read x y; echo "[$x|$y]"; }; echo ' a b ' | { IFS= read x; echo "[$x]"; }; echo 'a:b' | { IFS=: read x; echo "[$x]"; }; echo 'a:' | { IFS=: read x; echo "[$x]"; }
#> a|b|c
#> [a|b]
#> [ a b ]
#> [a:b]
#> [a]

echo a | { read x y z; echo "$x|$y|$z|$?"; }; printf '' | { read x; echo "$?[$x]"; }; printf 'abc' | { read x; echo "$?[$x]"; }; echo | { read x; echo "$?[$x]"; }; printf 'a\nb' | { read x; read y; echo "$?$x$y"; }
#> a|||0
#> 1[]
#> 1[abc]
#> 0[]
#> 1ab

echo 1 2 | while read a b; do echo $b $a; done; printf '1 2\n3 4\n' | while read a b; do echo $b $a; done; printf 'x' | while read a; do echo no; done
#> 2 1
#> 2 1
#> 4 3

readonly r=1; echo x | { read r; echo $?; } 2>/dev/null; echo $?
#> 2
#> 0

echo 'a b' | { read x x; echo $x; }; echo x | { read a; read b; echo "$a[$b]$?"; }
#> b
#> x[]1

printf 'a\0b\n' | { read x; echo $x; }; printf 'a,b;c\n' | { IFS=,\; read x y z; echo $x$y$z; }; printf 'a\\,b,c\n' | { IFS=, read x y; echo $x $y; }
#> ab
#> abc
#> a,b c

read -r x y <<X; echo "$x,$y"; 
a\ b c
X
#> a\,b c

printf '%s\n' 'a b :' 'a :' ' a : : ' ': a b:' >f; while IFS=' :' read -r x; do echo "[$x]"; done <f
#> [a b :]
#> [a]
#> [a : :]
#> [: a b:]

printf '%s\n' ', bb aba:' 'a,b:' 'a,b::' 'a,b :' >f; while IFS=', :' read -r x y; do echo "[$x][$y]"; done <f
#> [][bb aba:]
#> [a][b]
#> [a][b::]
#> [a][b]
