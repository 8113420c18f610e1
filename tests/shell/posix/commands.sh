# simple commands, lists, pipelines, quoting

readonly a=1; a=2; echo no
#= 2

true | false | true; echo $?
#> 0

true | false; echo $?
#> 1

return 3; echo no
#= 3

test 1 -eq a; echo $?
#> 2

[ a; echo $?
#> 2

x=1; x=2 eval "echo \$x"; echo $x
#> 2
#> 2

x=2 :; echo $x
#> 2

readonly r=1; (r=2; echo in); echo $?
#> 2

printf "%s\n" "a\
b" a\
b
#> ab
#> ab

eval "echo a" "b"; eval; echo $?
#> a b
#> 0

! false; echo $?
#> 0

echo a; false; echo $?; true; echo $?
#> a
#> 1
#> 0

(exit 5); echo $?; (false) || echo f
#> 5
#> f

echo a | cat | cat; echo b | (cat; echo c)
#> a
#> b
#> c

echo "a
#= 2

b"
#= 2

echo a\ b 'c  d' "e\"f" "g\$h" 'i'\''j'
#> a b c  d e"f g$h i'j

unset a; a=1 b=$a; echo "[$b]"
#> [1]

set -f; echo *
#> *

unset -f nosuch; echo $?; unset nosuch; echo $?
#> 0
#> 0

x='*'; echo "$x"; set -f; echo $x
#> *
#> *

x=1; { x=2; }; echo $x; ( x=3 ); echo $x
#> 2
#> 2

a=1; b=2; echo $a$b "$a"'$b'
#> 12 1$b

x='  lead'; echo $x "$x"; y=$x; echo "$y"
#> lead   lead
#>   lead

eval 'exit 5'; echo no
#= 5

(exit 8); echo $?
#> 8

echo \$x '\$x' "\$x"
#> $x \$x $x

echo a#b '#c' #comment
#> a#b #c

echo a;# comment
echo b
#> a
#> b

echo x | { cat; } | (cat) | cat
#> x

! true | false; echo $?
#> 0

cd /; cd etc; pwd; cd ..; pwd; cd /usr/./bin/..; pwd
#> /etc
#> /
#> /usr

test -d / -a -e /; echo $?; test ! -e /nosuch; echo $?; test abc; echo $?; test; echo $?
#> 0
#> 0
#> 0
#> 1

printf '%s-%s\n' a b c; printf '%d%%\n' 50; printf '%x %o %c\n' 255 8 abc
#> a-b
#> c-
#> 50%
#> ff 10 a

printf '%5d|%-5d|%05d\n' 42 42 42; printf '%.3s|\n' abcdef
#>    42|42   |00042
#> abc|

echo 'echo found' >prog; chmod +x prog; mkdir d; PATH=.:$PATH; cd d; cd ..; PATH=.:/usr/bin:/bin; mkdir a b; printf 'echo a\n' >a/p; printf 'echo b\n' >b/p; chmod +x a/p b/p; cd a; p; cd ../b; p; cd ..; p 2>/dev/null; echo $?
#> a
#> b
#> 127

x=1 f; f() { echo $x; }; x=2 f; echo ${x-unset}; x=3; x=4 f; echo $x
#> 2
#> unset
#> 4
#> 3

c
X
#= 127

{ echo a; }; { echo b
}; {
echo c
}; { { echo d; }; }; { (echo e) }; ( { echo f; } ); ((echo g) )
#> a
#> b
#> c
#> d
#> e
#> f
#> g

(echo a;) ; ( echo b ); (
echo c
); (exit 3); echo $?; (x=1; cd /; set -- a; f() { :; }); echo ${x-unset} $#
#> a
#> b
#> c
#> 3
#> unset 0

x=1; (x=2; echo $x); echo $x; (exit 1) || echo or; (true) && echo and; ! (false) && echo not
#> 2
#> 1
#> or
#> and
#> not

  echo a
fi
#> a
#= 2

! true | true; echo $?; ! (exit 5); echo $?; ! { false; }; echo $?
#> 1
#> 0
#> 0

echo ${-x} ; echo yes
#= 2

/bin/echo a | /bin/cat 2>/dev/null | /bin/cat; x='b  c'; /bin/echo $x "$x" | /bin/cat; /bin/echo d | /bin/cat >/dev/null
#> a
#> b c b  c

mkfifo p; /bin/cat <p | /bin/echo y >p; echo done
#> done

exec 3<&0 <&-; /bin/echo a | /bin/cat; exec <&3; exec 3>&1 >&-; /bin/echo b | /bin/cat >&3
#> a
#> b

echo 'read x; echo in $x' >s; chmod +x s; /bin/echo y | ./s | /bin/cat; (/bin/sh -c 'exit 3' | /bin/sh -c 'exit 4'); echo $?
#> in y
#> 4

/bin/echo a | ./nosuch 2>/dev/null | /bin/cat; echo $?; /bin/cat f 2>/dev/null | ./nosuch 2>/dev/null; echo $?
#> 0
#> 127

set -e; /bin/sh -c 'exit 3' | /bin/cat; ! /bin/sh -c 'exit 3' | /bin/sh -c 'exit 4'; /bin/echo z | /bin/sh -c 'exit 5'; echo no
#= 5

trap 'echo t' USR1; /bin/sh -c 'kill -USR1 $PPID' | /bin/cat; echo end
#> t
#> end

yes() { echo function; }; yes | /bin/cat; i=1; /bin/echo $((i+=1)) | /bin/cat; echo $i; /bin/echo ${z=q} | /bin/cat; echo "<$z>"
#> function
#> 2
#> 1
#> q
#> <>

(exit 3); eval 'echo $?'; (exit 4); eval ''; echo $?; (exit 4); eval ' # nothing'; echo $?; (exit 4); eval; echo $?; (exit 5); eval 'echo $?
(exit 6)
echo $?'
#> 3
#> 0
#> 0
#> 0
#> 5
#> 6
