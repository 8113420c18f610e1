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
