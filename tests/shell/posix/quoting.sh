# quotes, backslashes, comments, what a word is

HOME=/h; echo ~:a ~} ~,b ~+ ~- ~root:x ${z:-~:b} ${z:-~/b} ~a.b ~/x ~; x=~:~/a:b~:~; echo $x
#> ~:a ~} ~,b ~+ ~- ~root:x ~:b /h/b ~a.b /h/x /h
#> /h:/h/a:b~:/h

echo a\
b"c\
d"'e\
f'
#> abcde\
#> f

echo "a'b" 'a"b' a\'b a\"b
#> a'b a"b a'b a"b

echo ""''|wc -c
#> 1

set -- "" '' ""''; echo $#
#> 3

echo \a\b\\ \* \? \[ \~ \# \; \&
#> ab\ * ? [ ~ # ; &

echo ~root ~/x "~" '~' \~ a~ ~+ x=~
#> /root /root/x ~ ~ ~ a~ ~+ x=~

a=~/b:~root:~; echo $a
#> /root/b:/root:/root

HOME=/h; echo ~ ~/ "$HOME" ${x:-~} "${x:-~}"
#> /h /h/ /h /h ~

HOME='/a b'; set -- ~; echo $#; x=~; echo "$x"
#> 1
#> /a b

unset HOME; echo ~
#> ~

echo $ "$" '$' $% "$%" a$
#> $ $ $ $% $% a$

echo "a$'b'"
#> a$'b'

echo $"x"
#> $x

echo "${x:-"a b"}" "${x:-a  "b  c"  d}"
#> a b a  b  c  d

echo ${x:-a\}b} "${x:-a\}b}" ${x:-'a}b'} ${x:-"a}b"}
#> a}b a}b a}b a}b

echo ${x-a
b}
#> a b

echo "${x-
b}"
#>
#> b

echo `echo '\$' "\$" \$HOME`
#> $ $ /root

echo "`echo \"a b\" \\\\ `" `echo \\\\`
#> a b \ \

echo $(echo '\$' "\$" \\)
#> \$ $ \

echo "$(echo "a'b" 'c"d')"
#> a'b c"d

x='a b'; echo "$x"c"$x" $x'd'$x
#> a bca b a bda b

echo a'b c'd"e f"g\ h
#> ab cde fg h

x=; echo [$x] ["$x"] [''$x]; set -- $x "$x" ''$x; echo $#
#> [] [] []
#> 2

set -- $nope"" a; echo $# "[$1]"
#> 2 []

set -- "$nope"$nope; echo $#
#> 1

x='\*'; echo $x
#> \*

echo 'a'"'"'b'
#> a'b

echo # no
echo a # b
echo a#b
#>
#> a
#> a#b

echo a\#b "#" '#'; echo ${#}#
#> a#b # #
#> 0#

# comment \
echo after
#> after

echo "a # b" a\ # c
#> a # b a # c

echo {} { } {a,b} }
#> {} { } {a,b} }

echo ! a !b
#> ! a !b

echo if then else fi do done case esac while until for in { }
#> if then else fi do done case esac while until for in { }

\if 2>/dev/null; echo $?
#> 127

"if" 2>/dev/null; echo $?
#> 127

e\cho hi; 'echo' hi; "ec"ho hi
#> hi
#> hi
#> hi

x=echo; $x hi; ${x} "a  b"
#> hi
#> a  b

'' 2>/dev/null; echo $?
#> 127

x=''; $x echo hi; "$x" 2>/dev/null; echo $?
#> hi
#> 127

$nope; echo $?; false; $nope; echo $?
#> 0
#> 0

false; x=1; echo $?; false; $(true); echo $?; $(false); echo $?
#> 0
#> 0
#> 1

echo a;echo b&wait;echo c
#> a
#> b
#> c

echo a   	b
#> a b

	echo	tab
#> tab

echo a;
#> a

echo a && echo b || echo c; false && echo b || echo c
#> a
#> b
#> c

true &&
echo b
#> b

false ||
#= 2

echo b
#> b

true |
cat; echo x |
#= 2

cat

echo x | # comment
cat
#> x

: && # c
echo y
#> y

a=b=c; echo $a; a==; echo $a; a= ; echo "[$a]"
#> b=c
#> =
#> []

1a=b 2>/dev/null; echo $?; a-b=c 2>/dev/null; echo $?
#> 127
#> 127

"a"=b 2>/dev/null; echo $?; \a=b 2>/dev/null; echo $?
#> 127
#> 127

a="x y" b='z  w' c=$a$b; echo "$c"
#> x yz  w

x=a y=$x z=$y; echo $z
#> a

x=*; echo "$x"; x=$(echo a b); echo "$x"; x=$*; echo "[$x]"
#> *
#> a b
#> []

x="a   b"; y=$x; echo "$y"; y=$x$x; echo "$y"
#> a   b
#> a   ba   b

x=1 y=2 env | grep '^[xy]=' | sort
#> x=1
#> y=2

x=1 y=$x; echo $y
#> 1

false |\
| echo or; true &\
& echo and; echo c >\
>f; cat f; cat <\
<E; case a in a) echo sc ;\
; esac; echo 12\
3 5>f; cat f; echo err 2\
>f; cat f; cat <<\
-F
here
E
	tabs
	F
#> or
#> and
#> c
#> here
#> sc
#> 123
#> err
#> tabs
