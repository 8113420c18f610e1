# parameter expansion

echo ${zz?}
#= 2

echo ${zz:?bad}; echo no
#= 2

(echo ${zz:?bad}); echo $?
#> 2

echo "${x:-"a  b"}" ${x:-"a  b" c}
#> a  b a  b c

f() { local a=1 b; a=2; unset a; echo ${a-u}; }; a=9; f; echo $a
#> u
#> 9

unset x; echo "${x+set}" ${x:=def} $x
#>  def def

echo ${#x} ${#}
#> 0 0

x=abc; echo ${#x} ${x#a} ${x%c} ${x##*b} ${x%%b*} "${x#"a"}"
#> 3 bc ab c a bc

x=a.b.c; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.}
#> a.b a b.c c

x=; set -- $x; echo $#; set -- "$x"; echo $#; set -- ${x}a; echo $#
#> 0
#> 1
#> 1

echo ${x:-$(echo sub)} ${y:-`echo bq`} ${z:-"q q"}
#> sub bq q q

x=5; echo ${x:+yes} ${x+yes} ${y:+no}; x=; echo [${x:+no}] [${x+yes}] [${x:-def}] [${x-def}]
#> yes yes
#> [] [yes] [def] []

echo "${x:-a}b${y:-"c d"}e"
#> abc de

x='a b'; echo ${y:-$x} "${y:-$x}"
#> a b a b

set -- ${y:-a b c}; echo $#; set -- "${y:-a b c}"; echo $#; set -- ${y:-"a b" c}; echo $#
#> 3
#> 1
#> 2

x=/a/b/c; echo ${x##*/} ${x%/*} ${x#/} ${x%%/*}.
#> c /a/b a/b/c .

x='a*b'; echo "${x#a\*}" "${x#'a*'}" ${x#a*}
#> b b *b

x=aaa; echo ${x#a} ${x##a} ${x%a*} ${x%%a*}
#> aa aa aa

x=abc; y=b; echo ${x%$y*} ${x#*$y}
#> a c

: ${x:=5}; echo $x; echo ${x=6}
#> 5
#> 5

set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo ${10} ${11} $10
#> ten eleven 10

echo "${#}" "$#"; set -- a; echo "$#"
#> 0 0
#> 1

unset x; echo ${x-a}${x:-b}${x+c}${x:+d}; x=; echo ${x-a}${x:-b}${x+c}${x:+d}
#> ab
#> bc

x=value; echo ${x%u*}${x#*l} ${x%%[aeiou]*} ${x##*[aeiou]}
#> value v
