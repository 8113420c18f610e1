# redirections

{ echo a; echo b >&2; } 2>&1 >/dev/null
#> b

echo 'return 7' > r.sh; . ./r.sh; echo $?
#> 7

echo err >&2 2>/dev/null; echo out 2>&1
#> out

nosuchcmd 2>/dev/null; echo $?
#> 127

/etc 2>/dev/null; echo $?
#> 126

cd /nosuchdir 2>/dev/null; echo $?
#> 2

exec 3>&1; echo direct >&3; { echo inner; } >&3 2>/dev/null
#> direct
#> inner

echo a >o1 >o2; test -s o1 || echo empty; cat o2
#> empty
#> a

: > o3; [ -s o3 ] || echo empty; echo x >> o3; echo y >> o3; cat o3
#> empty
#> x
#> y

OLDPWD=/; cd - >/dev/null; pwd
#> /

command true; echo $?; command false; echo $?; command nosuchcmd 2>/dev/null; echo $?
#> 0
#> 1
#> 127

type nosuchcmd >/dev/null 2>&1; echo $?
#> 127

alias e=echo
e aliased; unalias e
e 2>/dev/null; echo $?
#> aliased
#> 127

x=1; x=2 >nodir/f 2>/dev/null; test $? -gt 0 && echo failed $x; n=5; (echo a >&$n) 2>/dev/null; test $? -gt 0 && echo failed; n=1; echo b >&$n
#> failed 1
#> failed
#> b

{ echo a; } >nodir/f 2>/dev/null || echo brace; (echo a) >nodir/f 2>/dev/null || echo subshell; while :; do break; done >nodir/f 2>/dev/null || echo loop; if :; then :; fi <nosuch 2>/dev/null || echo if; echo a <nosuch 2>/dev/null || echo simple
#> brace
#> subshell
#> loop
#> if
#> simple

echo a >f; echo b >>f; cat <f; cat f
#> a
#> b
#> a
#> b

echo hi 1>f 2>&1; cat f; { echo out; echo err >&2; } >f 2>&1; cat f
#> hi
#> out
#> err

{ echo out; echo err >&2; } 2>&1 >/dev/null | sed 's/^/got /'
#> got err

echo abc >f; exec 3<>f; read x <&3; echo $x; echo def >&3; cat f
#> abc
#> abc
#> def

echo abcdef >f; exec 3<>f; printf XY >&3; exec 3>&-; cat f
#> XYcdef

echo a >&2 2>/dev/null | cat; echo b 2>&1
#> b

echo 2 >f; echo 2>f; cat f; echo 2> f x; echo a2>f; cat f
#>
#> x
#> a2

echo a\2>f; cat f; echo "2">f; cat f; x=2; echo $x>f; cat f
#> a2
#> 2
#> 2

>f echo a b; cat f; echo >f a b; cat f; echo a >f b; cat f
#> a b
#> a b
#> a b

f=name; echo x >$f; cat name; echo y >"a b"; cat 'a b'; echo z >$(echo t)1; cat t1
#> x
#> y
#> z

f='a b'; echo x >$f; ls
#> a b

echo x >*; ls
#> *

if true; then echo a; fi >f; cat f; for i in 1 2; do echo $i; done >f; cat f; while read x; do echo "<$x>"; done <f
#> a
#> 1
#> 2
#> <1>
#> <2>

{ echo a; } >f; (echo b) >>f; case x in x) echo c;; esac >>f; cat f; until true; do :; done >f; cat f
#> a
#> b
#> c

f() { echo out; echo err >&2; } 2>&1; f 2>/dev/null; f >/dev/null
#> out
#> err

exec 3>&1; (echo a >&3) >/dev/null; exec 3>&-; exec 4<&0; exec 4<&-; echo ok
#> a
#> ok

exec 3>&1 1>f; echo to f; exec 1>&3 3>&-; echo back; cat f
#> back
#> to f

exec 2>/dev/null; nope; echo $?; exec nope2; echo no
#> 127
#= 127

exec >f; echo x; cat f >&2

if echo a >nodir/f; then echo y; else echo n; fi 2>/dev/null
#> n

echo a >&-; echo $?; echo b 2>&-; cat <&- 2>/dev/null; echo $?
#> 1
#> b
#> 1

cd /nope 2>f; echo $?; test -s f && echo msg
#> 2
#> msg

echo a 3>&1 >&3 3>&-; echo b >&1; echo c 1>&1
#> a
#> b
#> c

echo x > f <f; cat f; cat < f > g; cat g; cat <f <g
#> x
#> x
#> x

{ { echo a; echo b >&2; } 3>&1 1>&2 2>&3 3>&-; } 2>/dev/null
#> b

{ echo a 1>&2; } 2>&1 | cat; echo b |& cat 2>/dev/null; echo x
#= 2

echo a 2>&1 1>f | cat; cat f; ls /nope 2>&1 | wc -l
#> a
#> 1

: >a >b >c; ls; echo >d; wc -c <d
#> a
#> b
#> c
#> 1

printf 'a\nb\n' >f; while read x; do echo $x; cat >/dev/null; done <f
#> a

printf 'a\nb\n' >f; { read x; cat; } <f; (read x; read y; echo $y) <f; exec <f; read z; echo $z
#> b
#> b
#> a

exec 3<&- 4<&-; exec 3>&- ; echo ok; : 7>&-; echo ok
#> ok
#> ok

(cat <&zz) 2>/dev/null; echo $?; (cat <&) 2>/dev/null; echo no
#= 2

echo a >f; exec 3<f 4>g; read x <&3; echo $x >&4; exec 3<&- 4>&-; cat g; exec 3>&1 4>&3 3>&-; echo four >&4; { echo a >&3; } 3>&1; echo b 5>&1 >&5
#> a
#> four
#> a
#> b

cat <<E1 3<<E2; echo end
one
E1
two
E2
#> one
#> end

f() { echo f $x; }; x=old; x=new echo a >$x; x=new f >>$x; x=new /bin/echo b >>$x; x=new eval 'echo $x' >>$x; cat old; x=5; x=6 read y <<E
$x
E
echo $x $y; x=1; x=2 cat <<E
$x
E
#> a
#> f new
#> b
#> new
#> 5 5
#> 1

set -x; { x=1 echo a 2>f; x=2 /bin/echo b 2>f; f() { :; }; x=3 f 2>f; x=4 eval : 2>f; } 2>trace; set +x; cat f; grep -c 'x=' trace
#> a
#> b
#> + :
#> 4

x=$(read y; echo "$y"; echo z) read z <<E
doc
E
echo "<$z>"
#> <>
