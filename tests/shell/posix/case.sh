# case and patterns

case "a]b" in a[]]b) echo ok;; esac; case - in [a-]) echo d;; esac; case b in [!a]) echo n;; esac; case "*" in \*) echo star;; esac
#> ok
#> d
#> n
#> star

x="*"; case abc in $x) echo m;; esac; case abc in "$x") echo q;; *) echo nq;; esac
#> m
#> nq

case abc in a*) echo 1;; abc) echo 2;; esac
#> 1

case abc in x|abc) echo 1;; esac; case x in y) ;; esac; echo $?
#> 1
#> 0

case "" in "") echo empty;; esac
#> empty

case a in (a) echo paren;; esac
#> paren

case a in a) ;; esac; echo $?
#> 0

x=abc; case $x in [a-c]*) echo range;; esac; case $x in ???) echo three;; esac
#> range
#> three

case 'a*b' in 'a*b') echo q;; esac; case ab in a"*"b) echo no;; *) echo lit;; esac
#> q
#> lit

case x in a|b) echo 1;; x|y) echo 2;; esac; case / in */*) echo slash;; esac
#> 2
#> slash

case a in a) false;; esac; echo $?; case b in a) ;; esac; echo $?; false; case a in a) ;; esac; echo $?; case a in a) (exit 3);; *) ;; esac; echo $?
#> 1
#> 0
#> 0
#> 3

case abc in [!x]*c) echo y;; esac; case abc in (a|abc) echo p;; esac; case x in *) echo s;; x) echo no;; esac
#> y
#> p
#> s

case a in
a) echo nl
;;
esac; case a in (a)
echo p ;; esac; case a in b|
a) echo alt; esac
#= 2

case "" in "") echo empty;; esac; case $nope in "") echo unset;; esac; x=; case a in $x) ;; *) echo no;; esac; case a in a$x) echo yes;; esac
#> empty
#> unset
#> no
#> yes

case in in in) echo in;; esac; case esac in (esac) echo esac;; esac; case if in if) echo if;; esac
#> in
#> esac
#> if

case 'a b' in a\ b) echo sp;; esac; case 'a b' in 'a b') echo q;; esac; case 'a b' in a*b) echo g;; esac; x='a b'; case $x in a" "b) echo v;; esac
#> sp
#> q
#> g
#> v

case '*' in \*) echo 1;; esac; case a in '*') ;; "a") echo 2;; esac; case '?' in [?]) echo 3;; esac; case ']' in []]) echo 4;; esac; case - in [a-]) echo 5;; esac; case b in [a-c]) echo 6;; esac
#> 1
#> 2
#> 3
#> 4
#> 5
#> 6

case a in [[:alpha:]]) echo 1;; esac; case 5 in [![:alpha:]]) echo 2;; esac; case _ in [[:alnum:]_]) echo 3;; esac; case ' ' in [[:space:]]) echo 4;; esac; case A in [[:lower:]]) ;; [[:upper:]]) echo 5;; esac
#> 1
#> 2
#> 3
#> 4
#> 5

case a] in [a]]) echo 1;; esac; case '[a' in [[]a) echo 2;; esac; case '[' in [) echo 3;; esac; case '[a' in [a) echo 4;; esac; case '!' in [a!]) echo 5;; esac; case '^' in [a^]) echo 6;; esac
#> 1
#> 2
#> 3
#> 4
#> 5
#> 6

x='[ab]'; case a in $x) echo pat;; esac; case '[ab]' in "$x") echo lit;; esac; y='a*'; case abc in $y) echo g;; esac; case 'a*' in "$y") echo q;; esac
#> pat
#> lit
#> g
#> q

case $(echo a) in a) echo cs;; esac; case a in $(echo a)) echo cs2;; esac; case a in `echo a`) echo bq;; esac; case $((1+1)) in 2) echo ar;; esac
#> cs
#> cs2
#> bq
#> ar

x=1; case $((x=2)) in 2) echo $x;; esac; case a in ${y:=a}) echo $y;; esac; case a in b) ;; ${z:=c}) ;; ${w:=a}) echo $z$w;; ${v:=a}) ;; esac; echo ${v-unset}
#> 2
#> a
#> ca
#> unset

case ~ in /root) echo tilde;; esac; case /root in ~) echo pat;; esac; case a:/root in a:~) ;; *) echo no;; esac
#> tilde
#> pat
#> no

case .a in *) echo dot;; esac; case a/b in a*b) echo slash;; esac; case a/b in a?b) echo q;; esac; case a/b in a[/]b) echo br;; esac
#> dot
#> slash
#> q
#> br

case x in esac; echo $?; case x in
esac; echo $?
#> 0
#> 0

x=abc; case $x in a[b-]c) echo 1;; esac; case a]c in a[]-a]c) echo 2;; esac; case 'a[c' in a[[]c) echo 3;; esac; case 'a\c' in a[\\]c) echo 4;; esac; case 'a[:c' in a[[]:c) echo 6;; esac
#> 1
#> 2
#> 3
#> 4
#> 6

case abc in *) echo 1;; esac; case '' in *) echo 2;; esac; case aXbXc in *X*X*) echo 3;; esac; case aaa in *a*a*a*a*) echo no;; *a*a*a*) echo 4;; esac; case ab in a*b*) echo 5;; esac; case abab in *ab) echo 6;; esac; case a in ?*) echo 7;; esac; case '' in ?*) ;; *) echo 8;; esac
#> 1
#> 2
#> 3
#> 4
#> 5
#> 6
#> 7
#> 8

x=$(printf 'a\nb\n'); case $x in a*b) echo nl;; esac; case $x in a?b) echo q;; esac; case "
" in [[:space:]]) echo sp;; esac; case $x in *"
"*) echo lit;; esac
#> nl
#> q
#> sp
#> lit
