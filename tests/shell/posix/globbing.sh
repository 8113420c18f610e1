# file names by patterns

touch a b ab .h; mkdir d d/e; touch d/x d/.y d/e/z; echo *; echo .*; echo d/*; echo */*; echo */*/*; echo d*/; echo ?; echo [ab]; echo [!a]; echo [a-b]*; echo */; echo d/.*; echo nope*; echo 'a'*; echo "a"*; echo a\*
#> a ab b d
#> . .. .h
#> d/e d/x
#> d/e d/x
#> d/e/z
#> d/
#> a b d
#> a b
#> b d
#> a ab b
#> d/
#> d/. d/.. d/.y
#> nope*
#> a ab
#> a ab
#> a*

touch 'a b' 'c*d' '[x]' '\y' '-z'; for i in *; do echo "<$i>"; done; echo c\**; echo 'c*'*; echo [[]x]; echo \[x*; echo ./-*; echo *\ *; x='c*'; echo $x; echo "$x"; echo $x"d"
#> <*>
#> c**
#> c**
#> [[]x]
#> [x*
#> ./-*
#> * *
#> c*
#> c*
#> c*d

touch a1 a2 a10 A B z _ 1; echo *; echo [[:digit:]]; echo a[0-9]; echo a[!1]; echo [A-Z]; echo [[:upper:]]*; echo a?*; echo a??
#> 1 A B _ a1 a10 a2 z
#> 1
#> a1 a2
#> a2
#> A B
#> A B
#> a1 a10 a2
#> a10

touch a b; x='*'; echo $x "$x" '*' \*; set -- *; echo $#; for i in $x; do echo $i; done; y=*; echo "$y" $y; set -f; echo *; set +f; echo *; case a in $x) echo m;; esac; z=$(echo '*'); echo $z
#> a b * * *
#> 2
#> a
#> b
#> * a b
#> *
#> a b
#> m
#> a b

mkdir -p a/b/c a/d; touch a/b/f a/d/f; echo a/*/f; echo a/?/f; echo */b/*; echo a//*/f; echo ./a/*; echo a/../a/*; echo a/b/; echo a/*/; echo a/*/nope; echo nope/*; echo $PWD/* | sed "s,$PWD,P,g"
#> a/b/f a/d/f
#> a/b/f a/d/f
#> a/b/c a/b/f
#> a//b/f a//d/f
#> ./a/b ./a/d
#> a/../a/b a/../a/d
#> a/b/
#> a/b/ a/d/
#> a/*/nope
#> nope/*
#> P/a

touch .a .b c; echo *; echo .[a-z]; echo ?a; echo [.]a; echo .?; mkdir .d; touch .d/x; echo .*/x; echo */x; echo .[!.]*
#> c
#> .a .b
#> ?a
#> [.]a
#> .. .a .b
#> .d/x
#> */x
#> .a .b .d

ln -s nope dangling; echo d*; mkdir d; ln -s d l; touch d/f; echo l/*; echo */; echo */f
#> dangling
#> l/f
#> d/ l/
#> d/f l/f

touch 'x
y'; for i in *; do echo "<$i>"; done; echo *"
"*; rm *; touch "it's" 'q"'; echo *; echo *\'*; echo *'"'
#> <x
#> y>
#> x
#> y
#> it's q"
#> it's
#> q"

touch a-b a.b a+b; echo a[+-]b; echo a[.-]b; echo a[-.]b; echo a[+--]b; echo a[!-]b; echo a[]-]b
#> a+b a-b
#> a-b a.b
#> a-b a.b
#> a+b a-b
#> a+b a.b
#> a-b

echo /etc/pass*d /et[c]/host?; echo /nope/*; echo /usr/./bin/en[v]; cd /; echo et*/passwd; echo /*/passwd
#> /etc/passwd /etc/hosts
#> /nope/*
#> /usr/./bin/env
#> etc/passwd
#> /bin/passwd /etc/passwd

touch f1 f2; ls f*>out; cat out; x=f*; cat <<E
$x f*
$x f*
E
echo $x; y="$x"; z=$y; echo "$z"; for f in $x; do echo "$f"; done; case f1 in f*) echo case;; esac; export e=f*; echo "$e"; local_(){ local l=f*; echo "$l"; }; local_
#> f1
#> f2
#> f* f*
#> f* f*
#> f1 f2
#> f*
#> f1
#> f2
#> case
#> f*
#> f*

touch a b; set -- [ab]; echo $# $1; set -- "[ab]" [c]; echo $#; set -- $(echo '[ab]'); echo $#; IFS=; x='[ab]'; set -- $x; echo $#; IFS='*'; x='a*b'; echo $x
#> 2 a
#> 2
#> 2
#> 2
#> a b

touch xay xby; p=a; echo x[$p]y; echo x["$p"]y; p='[ab]'; echo x${p}y; echo x"$p"y; p='a]y*'; echo x[$p; q='!'; echo x[${q}a]y; r='a-b'; echo x[$r]y; echo x["a-b"]y; echo x[a"-"b]y
#> xay
#> xay
#> xay xby
#> x[ab]y
#> xay
#> xby
#> xay xby
#> xay xby
#> xay xby

touch 'a*b' '*' 'a\*b'; x='a\*b'; echo $x; x='\*'; echo $x; x='a\*b*'; echo $x
#> a\*b
#> \*
#> a*b

x=-*-*-*-*-*-*-*-*; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do x="$x$x"; done; set -- "$x"*; echo ${#1}
#> 524289
