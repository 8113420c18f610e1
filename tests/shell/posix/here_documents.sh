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

f() { cat; } <<X
hello
X
f; f
#> hello
#> hello

{ cat <&3; } 3<<X
three
X
#> three

while read a; do read b <&3; echo $a$b; done <<A 3<<B
1
2
A
x
y
B
#> 1x
#> 2y

cat <<X | tr a-z A-Z
abc
X
#> ABC

cat <<X && echo after
in
X
#> in
#> after

cat <<X; echo after
in
X
#> in
#> after

cat <<"X Y"
$a `b` \c
X Y
#> $a `b` \c

cat <<X\Y
$a
XY
#> $a

cat <<X
a\
b
c\\
d\$x\`y\" \a
X
#> ab
#> c\
#> d$x`y\" \a

x='a b'; cat <<X
$x "$x" '$x' ${x#a} ${y:-"q"} ${y:-'q'} $((1+1)) $(echo "c d") `echo e`
X
#> a b "a b" 'a b'  b q 'q' 2 c d e

cat <<X
${x:-a
b}
$(echo 1
echo 2)
X
#> a
#> b
#> 1
#> 2

cat <<'X'
a\
b
X
#> a\
#> b

cat <<-X
	a
		b
	 c
	$(echo x)
	X
#> a
#> b
#>  c
#> x

cat <<-'X'
	a $b
	X
#> a $b

cat <<-"	X"
	a
	X
	X
#> a
#> X
#> X

if true; then
cat <<X
in if
X
fi; echo done
#> in if
#> done

f() {
cat <<X
arg $1
X
}; f 1; f 2
#> arg 1
#> arg 2

for i in 1 2; do cat <<X; done
n $i
X
#> n 1
#> n 2

cat <<A <<B
a
A
b
B
#> b

cat <<A - <<B
a
A
b
B
#> b

cat <<A; cat <<-B; echo c
a
A
	b
	B
#> a
#> b
#> c

x=$(cat <<X
a "b" 'c' $((1+1))
X
); echo "$x"
#> a "b" 'c' 2

x=`cat <<X
a \$HOME
X
`; echo "$x"
#> a /root

echo "$(cat <<X
it's ) "quoted
X
)"
#> it's ) "quoted

cat <<X
no end
#> no end

(cat <<X) | cat
sub
X
#> sub

cat <<X & wait
bg
X
#> bg

cat 0<<X 2>&1
zero
X
#> zero

eval 'cat <<X
in eval
X'; echo ok
#> in eval
#> ok

eval "cat <<X
a
X
cat <<Y
b
Y"
#> a
#> b

cat <<$x
dollar
$x
#> dollar

cat <<`x`
bq
`x`
#> bq

cat <<X | sed 's/[0-9][0-9]*/N/'
a $$ $1 $# $?
X
#> a N  0 0

set -- p q; cat <<X
$* $@ $# $1 "$@"
X
#> p q p q 2 p "p q"

IFS=:; set -- p q; cat <<X
$* "$*"
X
#> p:q "p:q"

cat <<X
~ * ? [a] {a,b}
X
#> ~ * ? [a] {a,b}

cat <<X
"$(echo "a  b")" '$(echo 'a  b')'
X
#> "a  b" 'a  b'

cat <<'X' | cat
'single' "double" \ backslash
X
#> 'single' "double" \ backslash

cat <<X
\
joined\
X
X
#> joinedX

cat <<EOF1; cat <<\EOF2
$((2*3))
EOF1
$((2*3))
EOF2
#> 6
#> $((2*3))

read x y <<X; echo "$x|$y"
a b c
X
#> a|b c

echo a > f; cat <f - <<X
here
X
#> here

cat <<E; echo after
a
\
E
#> a
#> after

cat <<E; echo after
a\
E
\
\
E
#> aE
#> after

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

x=E; cat <<"$x"
$HOME
E
$x
cat <<$x
a
E
$x
cat <<${x}
b $x
${x}
cat <<a\
b"c d"'e'\f"\$\g"
$x
abc def$\g
#> $HOME
#> E
#> a
#> E
#> b E
#> $x

ulimit -f 0; cat <<E
hello
E
read a <<E
b
E
echo $a; x=$(basename /a/b); echo $x
#> hello
#> b
#> b
