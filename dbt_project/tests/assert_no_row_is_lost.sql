{{ lost_rows() }}
