# bytes that are no text

x=$(printf '\342\202\254'); printf %s "${x:0:1}" | od -An -tx1; printf %s "${x:1:2}" | od -An -tx1; c=$(printf '\202'); printf %s "${x//$c/_}" | od -An -tx1; printf %s $'\xff\376' | od -An -tx1
#>  e2
#>  82 ac
#>  e2 5f ac
#>  ff fe
