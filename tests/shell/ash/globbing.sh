# file names by patterns

touch a; echo "*"*; echo *"*"; echo ''*; echo *''; echo ""a*""; echo [a]; echo "[a]"; echo [\a]; echo [a\]; echo \[a]; echo [a]]; echo [!b]; echo [^b]; echo []a]; echo [!]b]
#> **
#> **
#> a
#> a
#> a
#> a
#> [a]
#> a
#> [a]
#> [a]
#> [a]]
#> a
#> a
#> a
#> a
