# set and its options

(set -x; [ a = b ]; echo 'q"' "it's" '') 2>&1
#! what is empty is shown
#> + '[' a = b ]
#> + echo 'q"' 'it'"'"'s' ''
#> q" it's 

x=1; PS4='$x> '; (set -x; a=1 b='2 3'; c=4 true; x=5 d=6 :; f() { :; }; e=7 f "a b") 2>&1
#> 1> a=1 b='2 3'
#> 1> c=4 true
#> 5> x=5 d=6 :
#> 5> e=7 f 'a b'
#> 5> :

(set -x; echo "a b" c; x='1 2' true; for i in 1; do :; done; f() { :; }; f a) 2>&1
#> + echo 'a b' c
#> a b c
#> + x='1 2' true
#> + :
#> + f a
#> + :

set -- ; echo $#; set -- -e; echo $1; set a -e; echo $* ; false; echo ok
#> 0
#>
#> a -e
#> ok

set -o nope 2>/dev/null; echo no
#> no

set -o pipefail; true | true; echo $?; (exit 3) | true; echo $?; (exit 3) | (exit 4) | true; echo $?; ! false | true; echo $?
#> 0
#> 3
#> 4
#> 0

set -h -o nolog; case $- in *h*) echo on;; esac; set +h +o nolog; case $- in *h*) ;; *) echo off;; esac; set -o | grep -c -e hashall -e nolog
#! there both are unknown
#> on
#> off
#> 2
