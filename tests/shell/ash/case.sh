# case and patterns

case x in x) echo a;; esac | cat
#> a

case $(echo abc) in a?c) echo y;; esac
#> y

x='\*'; case '*' in $x) echo esc;; *) echo no;; esac
#> esc

[[ a = b || -z '' ]]; echo $?
#> 0

case a in a) echo 1;& b) echo 2;; c) echo 3;; esac; case b in a) echo 1;; b) echo 2;& c) echo 3;& *) echo 4;; esac
#! a case that goes on is new in the standard of 2024
#> 1
#> 2
#> 2
#> 3
#> 4

case a in [^b]) echo caret;; *) echo none;; esac; case '\' in [\\]) echo bs;; esac; case '\' in \\) echo bs2;; esac; case 'a-c' in a[-]c) echo dash;; esac; case b in [a\-c]) echo r;; *) echo no;; esac
#> caret
#> bs
#> bs2
#> dash
#> no
