{{ landed_rows_lost() }}
