# here-documents: quoted, indented, several

x=1; echo $((x<<=3)) $((x|=1)) $((x^=8)) $((x%=2))
#> 8 9 1 1

read -r a b c <<E
1 2 3 4
E
echo "$c"
#> 3 4

cat <<$'a\tb\'c'd
$HOME
a	b'cd
#> $HOME
