# case and patterns

case x in x) echo a;; esac | cat
#> a

case $(echo abc) in a?c) echo y;; esac
#> y

x='\*'; case '*' in $x) echo esc;; *) echo no;; esac
#> esc

[[ a = b || -z '' ]]; echo $?
#> 0
