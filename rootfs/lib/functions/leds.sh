# LEDs, for a board that lets them tell its state in its own way (/etc/diag.sh). Sourced:
# . /lib/functions/leds.sh
#
# $status_led, and $status_led2 if there are two, are names of /sys/class/leds.

command -v get_hex >/dev/null || . "${IPKG_INSTROOT:-}/lib/functions.sh"

# ALIAS (boot, failsafe, running, upgrade): its node in the kernel's tree; fails if it has none.
get_dt_led_path() {
	local tree="${IPKG_INSTROOT:-}/proc/device-tree" alias
	alias="$(_dt_text "$tree/aliases/led-$1")" || return 1
	printf '%s\n' "$tree/${alias#/}"
}

# ALIAS: the name of its LED.
get_dt_led() {
	local node
	node="$(get_dt_led_path "$1")" || return 1
	_dt_text "$node/label" || _dt_text "$node/chan-name" || get_dt_led_color_func "$node" ||
		printf '%s\n' "${node##*/}"
}

# NODE: color:function[-number], as the kernel composes the name.
get_dt_led_color_func() {
	local function color number
	function="$(_dt_text "$1/function")" || return 1
	color="$(_dt_cell "$1/color")" && color="$(_led_color "$color")" || color=
	number="$(_dt_cell "$1/function-enumerator")" && function="$function-$number"
	printf '%s\n' "$color:$function"
}

# PATH: a text of the kernel's tree. The zero byte at its end is nothing to the shell.
_dt_text() {
	local text=
	[ -r "$1" ] || return 1
	IFS= read -r text <"$1"
	[ -n "$text" ] && printf '%s\n' "$text"
}

# PATH: a number of the kernel's tree.
_dt_cell() {
	local hex
	hex="$(get_hex "$1" 0 4)" && echo $((0x$hex))
}

# NUMBER: its color, in the kernel's order.
_led_color() {
	set -- "$1" white red green blue amber violet yellow ir multicolor rgb purple orange pink cyan lime
	[ "$1" -lt $(($# - 1)) ] || return 1
	shift $(($1 + 1))
	echo "$1"
}

# LED ATTRIBUTE VALUE: skipped where the LED has no such attribute.
led_set_attr() {
	local file="${IPKG_INSTROOT:-}/sys/class/leds/$1/$2"
	[ ! -f "$file" ] || printf %s "$3" >"$file"
}

# LED ON OFF: blinks, for so many milliseconds each.
led_timer() {
	led_set_attr "$1" trigger timer
	led_set_attr "$1" delay_on "$2"
	led_set_attr "$1" delay_off "$3"
}

# LED
led_on() {
	led_set_attr "$1" trigger none
	led_set_attr "$1" brightness 255
}

# LED
led_off() {
	led_set_attr "$1" trigger none
	led_set_attr "$1" brightness 0
}

# LED TEXT DELAY
led_morse() {
	led_set_attr "$1" trigger morse
	led_set_attr "$1" message "$2"
	led_set_attr "$1" delay "$3"
}

# FUNCTION ARGUMENT...: with each of the two status LEDs.
_status_leds() {
	local call="$1"
	shift
	[ -z "$status_led" ] || $call "$status_led" "$@"
	[ -z "$status_led2" ] || $call "$status_led2" "$@"
}

# ON OFF
status_led_set_timer() {
	_status_leds led_timer "$1" "$2"
}

status_led_set_heartbeat() {
	_status_leds led_set_attr trigger heartbeat
}

status_led_on() {
	_status_leds led_on
}

status_led_off() {
	_status_leds led_off
}

# What the LED of the boot shows when the boot is over, if the tree of the kernel says it.
status_led_restore_trigger() {
	local node trigger
	node="$(get_dt_led_path "$1")" &&
		trigger="$(_dt_text "$node/linux,default-trigger")" || return 0
	led_set_attr "$(get_dt_led "$1")" trigger "$trigger"
}

status_led_blink_slow() {
	status_led_set_timer 1000 1000
}

status_led_blink_fast() {
	status_led_set_timer 100 100
}

# Failsafe mode can be asked for.
status_led_blink_preinit() {
	status_led_set_timer 100 100
}

# Failsafe mode.
status_led_blink_failsafe() {
	status_led_set_timer 50 50
}

# The boot goes on. Also an upgrade.
status_led_blink_preinit_regular() {
	status_led_set_timer 200 200
}
