# redirections

source ./r2.sh 2>/dev/null; echo no
#= 2

echo a > "f 10"; cat "f 10"
#> a

test "a" "<" "b"; echo $?
#> 0

echo 'a' 'b' > /dev/null; echo $?
#> 0

n=-; echo c >&$n; echo $?
#! what is closed cannot be written
#> 1

>f; ls f; <f; echo $?; <nope 2>/dev/null; echo $?
#> f
#> 0
#> 1

exec 5>f; echo a >&5; echo b 1>&5; exec 5>&-; cat f; (echo c >&5) 2>/dev/null; echo $?
#> a
#> b
#> 1

exec 15>f 123>g; echo a >&15; echo b >&123; exec 15>&- 123>&-; cat f g
#> a
#> b

exec 1000>lock; echo x >&1000; exec 1000>&-; cat lock
#> x

echo a >f; exec 7<f; read x <&7; echo $x; exec 7<&-; (read x <&7) 2>/dev/null; echo $?
#> a
#> 1

set -C; echo a >f; (echo b >f) 2>/dev/null; echo $?; echo c >|f; cat f; echo d >>f; cat f; echo e >/dev/null; echo $?
#> 1
#> c
#> c
#> d
#> 0

set -o noclobber; >f; (> f) 2>/dev/null; echo $?; set +C; echo z >f; cat f
#> 1
#> z

exec 9</nope; echo no
#= 1

command exec 9</nope; echo $?
#> 1

(exec 9</nope) 2>/dev/null; echo $?; : </nope 2>/dev/null; echo no
#> 1
#= 1

echo x >&9 2>/dev/null; echo $?; { echo y; } 2>/dev/null >&9; echo $?
#> 1
#> 1

echo a >nodir/f 2>/dev/null; echo $?; cat <nodir/f 2>/dev/null; echo $?; echo a >/ 2>/dev/null; echo $?
#> 1
#> 1
#> 1

f() { echo in; return 3; }; f >nodir/f 2>/dev/null; echo $?; f >ok; echo $?
#> 1
#> 3

x=1 >f; echo $x; x=2 >nodir/f 2>/dev/null; echo $? $x
#> 1
#> 1 1

echo a &>f; cat f; echo b >&f2; cat f2; ls nope &>f; test -s f && echo err
#> a
#> b
#> err

echo a &>>f; cat f
#= 2

cat </dev/null; echo $?; cat /dev/null <nope; echo $?
#> 0
#> 1

echo a >&x$$ 2>/dev/null; ls | wc -l; (echo a 2>&zz) 2>/dev/null; echo $?
#> 1
#> 2

echo 'exec 63>f 64>g 65>h 66>i' >s; i=0; while [ $i -lt 2000 ]; do echo ': a line' >>s; i=$((i+1)); done; echo 'echo two >&64; { echo three; } 64>j >&64; echo four >&64; cat <&65 2>/dev/null || echo last' >>s
(. ./s); cat g j; . ./s; cat <f
#> last
#> two
#> four
#> three
#> last
