# what is no program

(echo a; echo b) | (read x; echo $x); (echo a & wait) ; { echo x; exit 4; }; echo no
#> a
#> a
#> x
#= 4

(for 1a in x; do :; done) 2>/dev/null; echo no
#= 2

for i in a; { echo $i; } 2>/dev/null; echo no
#= 2

if; then :; fi; echo no
#= 2

while true; do done; echo no
#= 2

( ); echo no
#= 2

{ }; echo no
#= 2

a | ; echo no
#= 2

| a; echo no
#= 2

a &&; echo no
#= 2

&& a; echo no
#= 2

; a; echo no
#= 2

;; ; echo no
#= 2

a ;; b; echo no
#= 2

a & & b; echo no
#= 2

fi; echo no
#= 2

done; echo no
#= 2

then; echo no
#= 2

esac; echo no
#= 2

else; echo no
#= 2

do; echo no
#= 2

echo ( ; echo no
#= 2

echo a ) ; echo no
#= 2

f() echo a; f; echo no
#> a
#> no

echo a > ; echo no
#= 2

echo <; echo no
#= 2

echo "; echo no
#= 2

echo '; echo no
#= 2

echo `; echo no
#= 2

echo $(; echo no
#= 2

echo ${; echo no
#= 2

echo ${x; echo no
#= 2

echo ${x-; echo no
#= 2

echo $((1; echo no
#= 2

echo ${x!y}; echo no
#= 2

echo ${}; echo no
#= 2

echo ${1a}; echo no
#= 2

echo ${x y}; echo no
#= 2

cat <<; echo no
#= 2
