# here-documents: quoted, indented, several

echo a b | { read x y; echo $y; }; read x <<E
hello
E
echo $x
#> b
#> hello

cat <<E &
bg
E
wait
#> bg

cat <<'E'
$x `y` \z
E
#> $x `y` \z

x=5; cat <<E
$x ${x} $((x+1)) `echo q` \$x "quoted" 'single'
E
#> 5 5 6 q $x "quoted" 'single'

cat <<-E
	a
		b
	E
#> a
#> b

cat <<A; cat <<B
1
A
2
B
#> 1
#> 2

x=$(cat <<E
hello
E
); echo $x
#> hello

. /dev/stdin <<E
echo sourced
E
#> sourced

echo $((1<2)) $((1<<4)) $((255>>4)) $((6&3)) $((6|3)) $((6^3)) $((~5))
#> 1 16 15 2 7 5 -6

read x <<E
  a b  
E
echo "[$x]"
#> [a b]

read x y <<E
  a b  c  
E
echo "[$x][$y]"
#> [a][b  c]

IFS=: read x y z <<E
a:b:c:d
E
echo "[$x][$y][$z]"
#> [a][b][c:d]

IFS=: read x y <<E
a:
E
echo "[$x][$y]"
#> [a][]

read x <<E
a\
b
E
echo "[$x]"
#> [ab]

while read a b; do echo "$b $a"; done <<E
1 2
3 4
E
#> 2 1
#> 4 3

exec 4<<E
line
E
read x <&4; echo $x
#> line

read -r a b <<E; echo "$a|$b"
one two\ three
second
E
#> one|two\ three

read a <<E; echo "$? <$a>"
E
#> 1 <>

IFS=: read a b <<E; echo "$b $a"
1:2
E
#> 2 1

while read a; do echo "<$a>"; done <<E
1
2
E
#> <1>
#> <2>

i=0; while [ $i -lt 2000 ]; do echo 0123456789; i=$((i+1)); done >f; cat <<E | wc -c
$(cat f)
E
#> 22000
